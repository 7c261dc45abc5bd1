#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ganymede::data {

// An 8-bit picture in host memory: [height, width, channels], channels 1 (grey), 2 (grey, alpha), 3 (RGB)
// or 4.
struct Picture {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> pixels;

  Picture() = default;
  Picture(int64_t height, int64_t width, int64_t channels, uint8_t value = 0);
  uint8_t* at(int64_t y, int64_t x) { return &pixels[static_cast<size_t>((y * width + x) * channels)]; }
  const uint8_t* at(int64_t y, int64_t x) const {
    return &pixels[static_cast<size_t>((y * width + x) * channels)];
  }
};

// -1 … 1 for 0 … 255, and back (rounded, clamped; NaN gives 0).
inline float to_float(uint8_t value) { return static_cast<float>(value) / 127.5f - 1; }
uint8_t to_byte(float value);
void to_float(const Picture& picture, float* out);  // [H, W, C]
Picture to_picture(const float* values, int64_t height, int64_t width, int64_t channels);

// 1 or 3 channels of a picture with any number; alpha is laid over white, RGB to grey by BT.601 luma.
Picture with_channels(const Picture& picture, int64_t channels);

Picture mirrored(const Picture& picture);  // left-right
// The part that starts at (top, left); it must lie inside.
Picture cropped(const Picture& picture, int64_t top, int64_t left, int64_t height, int64_t width);
// Centred in a larger one that is `value` elsewhere; an odd rest goes below and right.
Picture padded(const Picture& picture, int64_t height, int64_t width, uint8_t value);

}  // namespace ganymede::data
