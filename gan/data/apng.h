#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gan/data/picture.h"

namespace ganymede::data {

// An animated PNG (APNG 1.0) in memory that repeats for ever; programs that know no animations show the first
// frame. Frames of one size and number of channels; from 0.01 to 1000 frames a second. Equal frames give equal bytes.
std::vector<uint8_t> encode_apng(const std::vector<Picture>& frames, double frames_per_second);

// `path` is the old file or the whole new one at every instant.
void write_animation(const std::string& path, const std::vector<Picture>& frames, double frames_per_second);

}  // namespace ganymede::data
