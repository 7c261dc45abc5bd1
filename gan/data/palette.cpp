#include "gan/data/palette.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <unordered_map>

#include "engine/check.h"
#include "engine/safetensors_header.h"
#include "gan/data/picture_file.h"

namespace ganymede::data {
namespace {

constexpr size_t kMost = 256;

bool grey(const Rgb& c) { return c[0] == c[1] && c[1] == c[2]; }
Rgb colour_at(const uint8_t* pixel) { return {pixel[0], pixel[1], pixel[2]}; }
uint32_t packed(const Rgb& c) { return uint32_t(c[0]) << 16 | uint32_t(c[1]) << 8 | c[2]; }

// For meanings that are numbers in files: hues a golden section of the circle apart, none grey.
Rgb distinct_colour(size_t number) {
  const double hue = std::fmod(0.61803398875 * static_cast<double>(number), 1.0) * 6;
  const double value = number % 3 == 0 ? 0.62 : 0.93, saturation = number % 2 == 0 ? 0.5 : 0.85;
  Rgb colour{};
  for (size_t c = 0; c < 3; ++c) {
    const double k = std::fmod((c == 0 ? 5 : c == 1 ? 3 : 1) + hue, 6);
    colour[c] = static_cast<uint8_t>(std::lround(255 * value * (1 - saturation * std::clamp(std::min(k, 4 - k), 0.0, 1.0))));
  }
  return colour;
}

Palette of_colours(std::vector<Meaning> meanings) {
  const bool numbers = std::all_of(meanings.begin(), meanings.end(), [](const Meaning& m) { return grey(m.in_files); });
  for (size_t i = 0; i < meanings.size(); ++i) meanings[i].shown = numbers && meanings[i].in_files != Rgb{} ? distinct_colour(i) : meanings[i].in_files;   // 0 is black in both
  return Palette(std::move(meanings));
}

// A whole number up to 255, or -1.
int byte_in(const std::string& word) {
  const bool digits = !word.empty() && word.size() <= 3 && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
  const int number = digits ? std::stoi(word) : -1;
  return number <= 255 ? number : -1;
}

Meaning meaning_in(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  size_t numbers = 0;
  while (numbers < std::min<size_t>(words.size(), 3) && byte_in(words[numbers]) >= 0) ++numbers;
  if (numbers == 0) throw Error("it begins with no number from 0 to 255");
  const size_t taken = numbers == 3 ? 3 : 1;
  Meaning m;
  for (size_t c = 0; c < 3; ++c) m.in_files[c] = static_cast<uint8_t>(byte_in(words[taken == 3 ? c : 0]));
  for (size_t i = taken; i < words.size(); ++i) m.name += (m.name.empty() ? "" : " ") + words[i];
  if (m.name.empty()) throw Error("it has no name");
  return m;
}

}  // namespace

Palette::Palette(std::vector<Meaning> meanings) : meanings_(std::move(meanings)) {
  if (meanings_.empty()) throw Error("no meaning");
  if (meanings_.size() > kMost) throw Error(std::to_string(meanings_.size()) + " meanings; " + std::to_string(kMost) + " are the most");
  std::set<Rgb> in_files, shown;
  for (const Meaning& m : meanings_) {
    if (!in_files.insert(m.in_files).second || !shown.insert(m.shown).second) throw Error(safetensors::quote(m.name) + " has the colour of another meaning");
  }
  of_numbers_ = std::all_of(in_files.begin(), in_files.end(), grey);
}

int64_t Palette::number_of(const Rgb& colour) const {
  for (int64_t i = 0; i < size(); ++i)
    if ((*this)[i].in_files == colour) return i;
  if (of_numbers_ && grey(colour)) return -1;
  int64_t best = -1, least = std::numeric_limits<int64_t>::max();
  for (int64_t i = 0; i < size(); ++i) {
    int64_t distance = 0;
    for (size_t c = 0; c < 3; ++c) {
      const int64_t d = int64_t((*this)[i].shown[c]) - colour[c];
      distance += d * d;
    }
    if (distance < least) least = distance, best = i;
  }
  return best;
}

std::vector<int64_t> Palette::read(const Picture& map) const {
  const Picture colours = with_channels(map, 3);
  std::unordered_map<uint32_t, int64_t> known;
  std::vector<int64_t> numbers;
  numbers.reserve(colours.pixels.size() / 3);
  for (size_t i = 0; i < colours.pixels.size(); i += 3) {
    const Rgb colour = colour_at(&colours.pixels[i]);
    const auto [place, fresh] = known.emplace(packed(colour), 0);
    if (fresh) place->second = number_of(colour);
    numbers.push_back(place->second);
  }
  return numbers;
}

Picture Palette::drawn(const std::vector<int64_t>& numbers, int64_t height, int64_t width) const {
  Picture picture(height, width, 3, 255);
  require(numbers.size() * 3 == picture.pixels.size(), "label map of ", height, "x", width, ": ", numbers.size(), " numbers");
  for (size_t i = 0; i < numbers.size(); ++i)
    if (numbers[i] >= 0 && numbers[i] < size()) std::copy_n((*this)[numbers[i]].shown.begin(), 3, picture.pixels.begin() + static_cast<std::ptrdiff_t>(3 * i));
  return picture;
}

Palette parse_palette(const std::string& name, std::istream& in) {
  std::vector<Meaning> meanings;
  int64_t number = 0;
  try {
    for (std::string line; ++number, std::getline(in, line);) {
      line = line.substr(0, line.find('#'));
      if (line.find_first_not_of(" \t\r") != std::string::npos) meanings.push_back(meaning_in(line));
      if (meanings.size() > kMost) throw Error(std::to_string(kMost) + " meanings are the most");
    }
  } catch (const Error& e) {
    throw Error(name + ", line " + std::to_string(number) + ": " + e.what() + "; a line is NUMBER NAME or RED GREEN BLUE NAME");
  }
  try {
    return of_colours(std::move(meanings));
  } catch (const Error& e) {
    throw Error(name + ": " + e.what());
  }
}

Palette palette_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw Error(path + ": cannot be read");
  return parse_palette(path, in);
}

Palette palette_of_pictures(const std::vector<std::string>& paths) {
  std::set<Rgb> found;
  for (const std::string& path : paths) {
    const Picture picture = with_channels(read_picture(path), 3);
    Rgb last{};
    for (size_t i = 0; i < picture.pixels.size(); i += 3) {
      const Rgb colour = colour_at(&picture.pixels[i]);
      if (i && colour == last) continue;
      last = colour;
      found.insert(colour);
      if (found.size() > kMost)
        throw Error(path + ": with it label maps have more than 256 colours; they hold one a meaning and are kept as PNG (JPEG makes others), or classes.txt beside them names each, a line RED GREEN BLUE NAME");
    }
  }
  std::vector<Meaning> meanings;
  for (const Rgb& c : found) meanings.push_back({grey(c) ? std::to_string(c[0]) : hex(c), c, {}});
  std::stable_sort(meanings.begin(), meanings.end(), [](const Meaning& a, const Meaning& b) {
    const auto light = [](const Rgb& c) { return c[0] + c[1] + c[2]; };
    return light(a.in_files) < light(b.in_files);
  });
  return of_colours(std::move(meanings));
}

std::string hex(const Rgb& colour) {
  char word[8];
  std::snprintf(word, sizeof word, "#%02x%02x%02x", colour[0], colour[1], colour[2]);
  return word;
}

Rgb rgb_of(const std::string& word) {
  if (word.size() != 7 || word[0] != '#' || word.find_first_not_of("0123456789abcdefABCDEF", 1) != std::string::npos) throw Error(safetensors::quote(word) + " is no colour #rrggbb");
  Rgb colour{};
  for (size_t c = 0; c < 3; ++c) colour[c] = static_cast<uint8_t>(std::stoi(word.substr(1 + 2 * c, 2), nullptr, 16));
  return colour;
}

}  // namespace ganymede::data
