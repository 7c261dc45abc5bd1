// The options by which sample, apply, evaluate and serve name a trained model.
#pragma once
#include <CLI/CLI.hpp>
#include <memory>

#include "gan/trained.h"

namespace ganymede::apps {

struct TrainedOptions : TrainedRun {
  // The run folder as a word, --iteration and --device. Returns the option of the folder.
  CLI::Option* add_to(CLI::App& verb, bool required = true);
};

// Says on standard error which damaged checkpoints were passed over.
std::unique_ptr<Session> open_trained(const TrainedOptions& options);

}  // namespace ganymede::apps
