// The loop of `ganymede train`: steps, logs, draws and saves until the run is complete or a signal asks to
// stop.
#pragma once
#include <cstdint>

#include "gan/run/progress.h"
#include "gan/run/run_folder.h"
#include "gan/run/stats.h"
#include "gan/run/tensorboard.h"
#include "gan/session.h"

namespace ganymede::apps {

constexpr int kCheckpointsKept = 3;

// Iterations between two log lines, sample sheets and checkpoints; each at least 1.
struct Intervals {
  int64_t log = 0, sample = 0, save = 0;
};

// One training, from whichever iteration its trainer is at. All of it must outlive the object.
class Training {
 public:
  Training(Session& session, run::RunFolder& folder, const Intervals& intervals);

  // Returns the signal that asked to stop before the end, or 0. Either way the last iteration is saved.
  // Throws Error when the losses are no longer finite, naming the last checkpoint, and when data cannot be read any more,
  // after saving.
  int run();
  // What the other processes of a group do while rank 0 runs: the same steps, and their part of each checkpoint.
  static void follow(Session& session, const Intervals& intervals);

 private:
  bool complete() const { return trainer_.iteration() >= total_; }
  void step();
  void after_step();
  void look(bool log);
  void write_sample();
  void save();

  Session& session_;
  run::RunFolder& folder_;
  Trainer& trainer_;
  const Intervals every_;
  const int64_t start_, total_;
  int64_t saved_;  // the iteration of the newest checkpoint
  run::StatsLog stats_;
  run::EventWriter board_;
  run::Progress progress_;
  const double begun_ = run::Progress::steady_seconds();
  double seconds_before_ = 0, waited_before_ = 0;  // of the starts before this one
};

}  // namespace ganymede::apps
