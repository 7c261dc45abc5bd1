#include "apps/options.h"

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

void ModelOptions::add_to(CLI::App& verb) {
  std::string kinds = "training data:";
  for (const auto& line : data::specification_help()) kinds += "\n" + line;
  verb.add_option("--data", session.data, kinds)->capture_default_str();
  verb.add_option("--size", session.size, "height and width in pixels (the model's standard)")
      ->check(whole(1, 65536));
  verb.add_option("--channels", session.channels, "1 grey, 3 colour (as the data are)")
      ->check(one_of({"1", "3"}));
  verb.add_option("--batch", session.batch, "samples a batch (the model's standard)")
      ->check(whole(1, 1 << 20));
  verb.add_option("--set", settings, "a setting of the model, name=value; see explain")
      ->allow_extra_args(false);
  verb.add_option("--seed", session.seed, "seed of all randomness")
      ->check(whole(0, INT64_MAX))
      ->capture_default_str();
}

SessionOptions ModelOptions::get() const {
  SessionOptions o = session;
  for (const std::string& s : settings) {
    const auto [name, value] = parse_setting(s);
    o.settings[name] = value;
  }
  return o;
}

}  // namespace ganymede::apps
