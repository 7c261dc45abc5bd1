// A trained model opened from its run folder, as sample, apply and evaluate need it.
#pragma once
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "gan/session.h"

namespace ganymede::apps {

struct TrainedOptions {
  std::string run, device;
  int64_t iteration = -1;  // -1: the newest sound checkpoint
  // The run folder as a word, --iteration and --device. Returns the option of the folder.
  CLI::Option* add_to(CLI::App& verb, bool required = true);
};

// With the weights of the checkpoint. UsageError for a folder that is no run or an iteration that was not saved; says on
// standard error which damaged checkpoints were passed over.
std::unique_ptr<Session> open_trained(const TrainedOptions& options);

}  // namespace ganymede::apps
