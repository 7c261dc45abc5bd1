#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gan/run/run_folder.h"
#include "gan/run/sample_check.h"
#include "gan/run/stats.h"

namespace ganymede::run {

// One thing that a run says about itself.
struct Finding {
  enum class Level { good, note, warning, problem };
  Level level;
  std::string title;
  std::string seen;                 // what was measured, with figures
  std::vector<std::string> advice;  // what to try, the most likely help first
};

struct Evidence {
  Json run;                                // run.json
  std::vector<StatsLine> lines;            // stats.jsonl
  std::optional<SheetStatistics> samples;  // the newest sample sheet
  std::optional<SheetStatistics> first;    // the one from before training
  std::optional<SheetStatistics> reals;    // reals.png
};

// In the order in which to read them: problems first. Looks for numbers that are not finite or run away, a
// player that wins, a generator that stands still or makes one picture only, saturated or flat pictures, a
// run that is too young to be judged. Never empty.
std::vector<Finding> diagnose(const Evidence& evidence);

}  // namespace ganymede::run
