// What a training will need in memory, told before it begins, and the batch that fits.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/machine_memory.h"
#include "gan/session.h"

namespace ganymede {

// Bytes of a device's memory, by use. `held` is the most that the engine will have taken from the device: it counts every tensor
// of three iterations of each stage and of a sheet of samples on the plan device, whose bookkeeping is that of the others. Not in it:
// the program, decoded and drawn data, and the packed copies of weights that the cpu's kernels keep.
struct MemoryForecast {
  struct Row { std::string name, what; int64_t bytes; };
  int64_t batch = 0;
  std::vector<Row> rows;       // add up to held + read_ahead
  int64_t peak = 0;            // the most that tensors take at one time
  int64_t held = 0;
  int64_t read_ahead = 0;      // host memory of the batches that the loader reads ahead
  int64_t total() const { return held + read_ahead; }
};

// Of the session's model with another batch; leaves the context as it was.
MemoryForecast forecast_memory(const Session& session, int64_t batch);

// The largest batch, not above the session's, whose forecast is at most `bytes`; 0 if not even one sample fits.
int64_t batch_that_fits(const Session& session, int64_t bytes);

// "use --batch 24 (it needs 812.5 MiB)", or what to do when no batch fits.
std::string advise_batch(const Session& session, int64_t bytes);

// Throws Error, in one line with the batch that would fit, if the forecast is more than what is free.
void require_memory(const Session& session, const FreeMemory& free);

// The table of `explain --memory`.
std::string memory_table(const Session& session, const FreeMemory& free);

}  // namespace ganymede
