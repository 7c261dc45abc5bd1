// What a checkpoint's metadata say. They come from a file, so nothing in them is trusted.
#pragma once
#include <cstdint>

#include "engine/safetensors.h"

namespace ganymede {

inline constexpr const char* kCheckpointFormat = "ganymede checkpoint 1";
inline constexpr int64_t kMostIterations = int64_t{1} << 32;  // a random stream's counter has as many

// "iteration", 0 to kMostIterations. Throws naming the file and what is there.
int64_t iteration_of(const SafetensorsFile& file);

}  // namespace ganymede
