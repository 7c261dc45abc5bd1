#include "apps/trained.h"

#include <iostream>

#include "apps/options.h"

namespace ganymede::apps {

CLI::Option* TrainedOptions::add_to(CLI::App& verb, bool required) {
  auto* option = verb.add_option("run", folder, "run folder")->required(required);
  verb.add_option("--iteration", iteration, "checkpoint of this iteration (the newest)")->check(whole(0, kMostIterations))->needs(option);
  verb.add_option("--device", device, "auto, cpu, cuda, cuda:N or sim (the run's own)");
  return option;
}

std::unique_ptr<Session> open_trained(const TrainedOptions& options) { return ganymede::open_trained(options, std::cerr); }

}  // namespace ganymede::apps
