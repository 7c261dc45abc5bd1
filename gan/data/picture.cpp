#include "gan/data/picture.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"

namespace ganymede::data {

Picture::Picture(int64_t height, int64_t width, int64_t channels, uint8_t value)
    : height(height),
      width(width),
      channels(channels),
      pixels(static_cast<size_t>(height * width * channels), value) {}

uint8_t to_byte(float value) {
  const float scaled = (value + 1) * 127.5f + 0.5f;
  if (!(scaled > 0)) return 0;
  return scaled >= 255 ? 255 : static_cast<uint8_t>(scaled);
}

void to_float(const Picture& picture, float* out) {
  for (size_t i = 0; i < picture.pixels.size(); ++i) out[i] = to_float(picture.pixels[i]);
}

Picture to_picture(const float* values, int64_t height, int64_t width, int64_t channels) {
  Picture picture(height, width, channels);
  for (size_t i = 0; i < picture.pixels.size(); ++i) picture.pixels[i] = to_byte(values[i]);
  return picture;
}

Picture with_channels(const Picture& picture, int64_t channels) {
  if (channels != 1 && channels != 3) {
    throw Error("pictures have 1 or 3 channels here, not " + std::to_string(channels));
  }
  if (picture.channels == channels) return picture;
  const bool alpha = picture.channels == 2 || picture.channels == 4;
  const bool colour = picture.channels >= 3;
  Picture out(picture.height, picture.width, channels);
  const int64_t count = picture.height * picture.width;
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t* from = &picture.pixels[static_cast<size_t>(i * picture.channels)];
    const int opacity = alpha ? from[picture.channels - 1] : 255;
    int value[3];
    for (int c = 0; c < 3; ++c) {
      value[c] = (from[colour ? c : 0] * opacity + 255 * (255 - opacity) + 127) / 255;
    }
    uint8_t* to = &out.pixels[static_cast<size_t>(i * channels)];
    if (channels == 3) {
      for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>(value[c]);
    } else {
      to[0] = static_cast<uint8_t>(colour ? (299 * value[0] + 587 * value[1] + 114 * value[2] + 500) / 1000
                                          : value[0]);
    }
  }
  return out;
}

Picture mirrored(const Picture& picture) {
  Picture out(picture.height, picture.width, picture.channels);
  for (int64_t y = 0; y < picture.height; ++y) {
    for (int64_t x = 0; x < picture.width; ++x) {
      std::copy_n(picture.at(y, picture.width - 1 - x), picture.channels, out.at(y, x));
    }
  }
  return out;
}

Picture cropped(const Picture& picture, int64_t top, int64_t left, int64_t height, int64_t width) {
  if (top < 0 || left < 0 || height < 1 || width < 1 || top + height > picture.height ||
      left + width > picture.width) {
    throw Error("a part of " + std::to_string(height) + "x" + std::to_string(width) + " at (" +
                std::to_string(top) + ", " + std::to_string(left) + ") does not lie in a picture of " +
                std::to_string(picture.height) + "x" + std::to_string(picture.width));
  }
  Picture out(height, width, picture.channels);
  for (int64_t y = 0; y < height; ++y) {
    std::copy_n(picture.at(top + y, left), width * picture.channels, out.at(y, 0));
  }
  return out;
}

Picture padded(const Picture& picture, int64_t height, int64_t width, uint8_t value) {
  if (height < picture.height || width < picture.width) {
    throw Error("cannot pad " + std::to_string(picture.height) + "x" + std::to_string(picture.width) +
                " to " + std::to_string(height) + "x" + std::to_string(width));
  }
  Picture out(height, width, picture.channels, value);
  const int64_t top = (height - picture.height) / 2, left = (width - picture.width) / 2;
  for (int64_t y = 0; y < picture.height; ++y) {
    std::copy_n(picture.at(y, 0), picture.width * picture.channels, out.at(top + y, left));
  }
  return out;
}

}  // namespace ganymede::data
