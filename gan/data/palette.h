// What the colours of label maps mean.
#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "gan/data/picture.h"

namespace ganymede::data {

using Rgb = std::array<uint8_t, 3>;

struct Meaning {
  std::string name;
  Rgb in_files{};  // as which label maps hold it; a grey one where they are pictures of numbers
  Rgb shown{};     // as which people see and draw it
  bool operator==(const Meaning&) const = default;
};

// Meanings by number; none: the data have no label maps.
class Palette {
 public:
  Palette() = default;
  // Throws for none, more than 256, or two of one colour.
  explicit Palette(std::vector<Meaning> meanings);

  int64_t size() const { return static_cast<int64_t>(meanings_.size()); }
  bool empty() const { return meanings_.empty(); }
  const Meaning& operator[](int64_t number) const { return meanings_[static_cast<size_t>(number)]; }
  const std::vector<Meaning>& meanings() const { return meanings_; }

  // The number of each pixel: the meaning whose colour in files it has, else the one that is shown in the nearest colour (so that maps
  // that were compressed or drawn by hand can be read). -1, nothing, for a grey pixel that no meaning has where files hold numbers.
  std::vector<int64_t> read(const Picture& map) const;
  // A picture [height, width, 3] in the colours shown; white where there is nothing.
  Picture drawn(const std::vector<int64_t>& numbers, int64_t height, int64_t width) const;

 private:
  int64_t number_of(const Rgb& colour) const;
  std::vector<Meaning> meanings_;
  bool of_numbers_ = false;  // every colour in files is grey
};

// A line a meaning: "NUMBER NAME", for maps that are pictures of numbers, or "RED GREEN BLUE NAME"; empty lines and those after # are
// passed over. Throws naming file and line.
Palette palette_file(const std::string& path);
Palette parse_palette(const std::string& name, std::istream& in);
// The colours that pictures have, dark to light, named by their values. Throws naming a picture if there are more than 256.
Palette palette_of_pictures(const std::vector<std::string>& paths);

// "#rrggbb" and back; throws for other words.
std::string hex(const Rgb& colour);
Rgb rgb_of(const std::string& hex);

}  // namespace ganymede::data
