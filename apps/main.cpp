// ganymede: one program to train and use generative adversarial networks.
#include <cstdlib>
#include <iostream>

#include "apps/verbs.h"
#include "engine/check.h"

namespace ganymede::apps {

void ModelOptions::add_to(CLI::App& verb) {
  std::string kinds = "training data:";
  for (const auto& line : data::specification_help()) kinds += "\n" + line;
  verb.add_option("--data", session.data, kinds)->capture_default_str();
  verb.add_option("--size", session.size, "height and width in pixels (0: the model's standard)")->check(CLI::Range(1, 65536));
  verb.add_option("--channels", session.channels, "1 grey, 3 colour (0: as the data are)")->check(CLI::IsMember({1, 3}));
  verb.add_option("--batch", session.batch, "samples a batch (the model's standard)")->check(CLI::PositiveNumber);
  verb.add_option("--set", settings, "a setting of the model, name=value; see explain");
  verb.add_option("--seed", session.seed, "seed of all randomness")->capture_default_str();
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

int main(int argc, char** argv) {
  using namespace ganymede;
  CLI::App program{"Ganymede: generative adversarial networks, trained and used without Python"};
  program.name("ganymede");
  program.set_version_flag("--version", version());
  program.require_subcommand(1);
  apps::add_models(program);
  apps::add_explain(program);
  apps::add_train(program);
  apps::add_sample(program);
  apps::add_report(program);
  try {
    program.parse(argc, argv);
    std::cout.flush();
    return 0;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return program.exit(e);
    std::cerr << "ganymede: " << e.what() << " (ganymede --help)\n";
    return 2;
  } catch (const UsageError& e) {
    std::cerr << "ganymede: " << e.what() << "\n";
    return 2;
  } catch (const std::exception& e) {
    std::cerr << "ganymede: " << e.what() << "\n";
    return 1;
  }
}
