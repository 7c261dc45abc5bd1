#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gan/data/picture.h"

namespace ganymede::data {

// A PNG file in memory: 8 bits a channel, 1 to 4 channels; equal pictures give equal bytes.
std::vector<uint8_t> encode_png(const Picture& picture);

// `path` is the old file or the whole new one at every instant. Throws with the path and the system's reason.
void write_png(const std::string& path, const Picture& picture);

}  // namespace ganymede::data
