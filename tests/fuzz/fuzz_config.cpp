// A TOML file for options of every kind that `train` has.
#include "apps/config_file.h"
#include "apps/validators.h"
#include "tests/fuzz/fuzz.h"

using namespace ganymede;

namespace {

struct Options {
  CLI::App verb{"train"};
  std::string model, out, precision;
  int64_t steps = 0, batch = 0;
  double epochs = 0;
  bool resume = false, inexact = false;
  std::vector<std::string> settings;

  Options() {
    verb.add_option("model", model);
    verb.add_option("--out", out);
    verb.add_option("--batch", batch)->check(apps::whole(1, 1 << 20));
    auto* all = verb.add_option("--steps", steps)->check(apps::whole(1, int64_t{1} << 32));
    verb.add_option("--epochs", epochs)->check(apps::positive())->excludes(all);
    verb.add_option("--precision", precision)->check(apps::one_of({"f32", "bf16"}));
    verb.add_option("--set", settings)->allow_extra_args(false);
    verb.add_flag("--resume", resume);
    verb.add_flag("--allow-inexact", inexact);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Options options;
  for (CLI::Option* o : options.verb.get_options()) o->clear();
  options.settings.clear();
  options.steps = 1, options.batch = 1, options.epochs = 1;
  const std::string bytes(fuzz::text_of(data, size));
  fuzz::accepted([&] {
    apps::parse_config("c.toml", bytes, options.verb, options.settings, {"config", "set", "resume"});
    fuzz::demand(options.steps >= 1 && options.batch >= 1 && options.batch <= 1 << 20 && options.epochs > 0, "options in their ranges");
    for (const std::string& s : options.settings) fuzz::demand(s.find('=') != s.npos, "a setting without =");
  });
  return 0;
}
