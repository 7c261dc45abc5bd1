#include "apps/options.h"

namespace ganymede::apps {

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
