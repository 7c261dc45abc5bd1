#include "apps/validators.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace ganymede::apps {
namespace {

template <class T>
bool parse(const std::string& text, T& x) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

CLI::Validator whole(int64_t least, int64_t most) {
  const std::string range = std::to_string(least) + " to " + std::to_string(most);
  const auto check = [=](std::string& text) -> std::string {
    int64_t x = 0;
    return parse(text, x) && x >= least && x <= most ? "" : text + " is not a whole number from " + range;
  };
  return CLI::Validator(check, "", "whole");
}

CLI::Validator positive() {
  const auto check = [](std::string& text) -> std::string {
    double x = 0;
    return parse(text, x) && x > 0 && std::isfinite(x) ? "" : text + " is not a number above 0";
  };
  return CLI::Validator(check, "", "positive");
}

CLI::Validator one_of(std::vector<std::string> words) {
  const auto check = [=](std::string& text) -> std::string {
    const bool known = std::find(words.begin(), words.end(), text) != words.end();
    return known ? "" : text + " is not " + alternatives(words);
  };
  return CLI::Validator(check, "", "one_of");
}

std::string alternatives(const std::vector<std::string>& words) {
  std::string list;
  for (size_t i = 0; i < words.size(); ++i)
    list += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return list;
}

}  // namespace ganymede::apps
