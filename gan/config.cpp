#include "gan/config.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace ganymede {
namespace {

std::string show(double x) {
  char buffer[32];
  const auto [end, ec] = std::to_chars(buffer, buffer + sizeof buffer, x);
  return std::string(buffer, end);
}

template <class T>
T parse(const std::string& name, const std::string& value, const char* kind) {
  T x{};
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), x);
  if (ec != std::errc() || end != value.data() + value.size()) throw UsageError("setting " + name + "=" + value + ": it must be " + kind);
  return x;
}

}  // namespace

std::string Config::take(const std::string& name, Setting setting) const {
  const auto given = given_.find(name);
  const std::string value = given == given_.end() ? setting.standard : given->second;
  for (const Setting& s : read_)
    if (s.name == name) return value;
  std::erase(setting.others, value);
  setting.name = name, setting.value = value;
  read_.push_back(std::move(setting));
  return value;
}

std::string Config::batch_words() const { return text("--batch ", batch, processes > 1 ? text(" among ", processes, " processes") : ""); }

double Config::number(const std::string& name, double standard, const std::string& meaning, double least, double most) const {
  std::vector<std::string> others;
  for (const double x : {standard * 0.5, standard * 2, standard + 0.25, standard - 0.25})
    if (x >= least && x <= most && x != standard) others.push_back(show(x));
  const std::string value = take(name, {.standard = show(standard), .meaning = meaning, .others = std::move(others), .least = least, .most = most});
  const double x = parse<double>(name, value, "a number");
  if (!(x >= least && x <= most)) throw UsageError("setting " + name + "=" + value + ": it must be " + (most >= 1e300 ? "at least " + show(least) : "from " + show(least) + " to " + show(most)));
  return x;
}

int64_t Config::integer(const std::string& name, int64_t standard, const std::string& meaning, int64_t least, int64_t most) const {
  std::vector<std::string> others;
  for (const int64_t x : {int64_t{2}, int64_t{3}, int64_t{6}, standard - 1, standard + 1})
    if (x >= least && x <= most && x != standard) others.push_back(std::to_string(x));
  const std::string value = take(name, {.standard = std::to_string(standard), .meaning = meaning, .others = std::move(others), .whole = true, .least = double(least), .most = double(most)});
  const auto x = parse<int64_t>(name, value, "a whole number");
  if (x < least || x > most) throw UsageError("setting " + name + "=" + value + ": it must be " + (most == INT64_MAX ? "at least " + std::to_string(least) : "from " + std::to_string(least) + " to " + std::to_string(most)));
  return x;
}

std::string Config::choice(const std::string& name, const std::vector<std::string>& options, const std::string& meaning) const {
  std::string list;
  for (const auto& o : options) list += (list.empty() ? "" : ", ") + o;
  const std::string value = take(name, {.standard = options.front(), .meaning = meaning.empty() ? list : meaning + ": " + list, .others = options, .choice = true});
  if (std::find(options.begin(), options.end(), value) == options.end()) throw UsageError("setting " + name + "=" + value + ": it must be one of " + list);
  return value;
}

bool Config::flag(const std::string& name, bool standard, const std::string& meaning) const {
  const std::string value = take(name, {.standard = standard ? "true" : "false", .meaning = meaning, .others = {"true", "false"}, .choice = true});
  if (value == "true" || value == "1" || value == "yes") return true;
  if (value == "false" || value == "0" || value == "no") return false;
  throw UsageError("setting " + name + "=" + value + ": it must be true or false");
}

std::string Config::path(const std::string& name, const std::string& meaning) const { return words(name, "", meaning); }

std::string Config::words(const std::string& name, const std::string& standard, const std::string& meaning, std::vector<std::string> others) const {
  return take(name, {.standard = standard, .meaning = meaning, .others = std::move(others)});
}

void Config::check_all_read() const {
  for (const auto& [name, value] : given_) {
    if (std::any_of(read_.begin(), read_.end(), [&](const Setting& s) { return s.name == name; })) continue;
    std::string list;
    for (const Setting& s : read_) list += (list.empty() ? "" : ", ") + s.name;
    throw UsageError("unknown setting " + name + ": this model has " + (list.empty() ? "none" : list));
  }
}

}  // namespace ganymede
