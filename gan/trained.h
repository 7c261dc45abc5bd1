// A trained model, opened from its run folder.
#pragma once
#include <iosfwd>
#include <memory>
#include <string>

#include "gan/session.h"

namespace ganymede {

struct TrainedRun {
  std::string folder;
  std::string device = {};  // auto, cpu, cuda, cuda:N or sim; empty: the run's own
  std::string precision = {};   // f32, tf32 or bf16; empty: the run's own
  int64_t iteration = -1;   // of the checkpoint; -1: the newest sound one
};

// With the weights of the checkpoint: session.trainer().sample(n, seed), recipe().latent, recipe().tasks. UsageError for a folder that is no run or
// an iteration that was not saved. Damaged checkpoints that were passed over are named in `say`.
std::unique_ptr<Session> open_trained(const TrainedRun& run, std::ostream& say);

}  // namespace ganymede
