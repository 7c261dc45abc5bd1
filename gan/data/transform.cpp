#include "gan/data/transform.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/rain.h"
#include "gan/data/real_degradation.h"
#include "gan/data/resize.h"

namespace ganymede::data {
namespace {

size_t index_named(const std::string& name, const std::vector<std::string>& names, const char* what) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw UsageError("unknown " + std::string(what) + " '" + name + "'; known are " + joined(names));
  return static_cast<size_t>(found - names.begin());
}

Image with_hole(Image image, Random& random) {
  const auto extent = [&](int64_t side) {
    return std::clamp<int64_t>(std::llround(static_cast<double>(side) * random.uniform(0.25, 0.5)), 1, side);
  };
  const int64_t height = extent(image.height), width = extent(image.width);
  const int64_t top = random.below(image.height - height + 1), left = random.below(image.width - width + 1);
  for (int64_t y = top; y < top + height; ++y) {
    const auto start = image.values.begin() + (y * image.width + left) * image.channels;
    std::fill(start, start + width * image.channels, 0.0f);
  }
  return image;
}

// The sRGB grey of the same luminance (IEC 61966-2-1), hence of the same lightness in Lab.
std::vector<float> grey_of_lightness(const Image& image) {
  const auto light = [](float v) {
    const double c = (double(v) + 1) / 2;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  std::vector<float> grey(static_cast<size_t>(image.height * image.width));
  const size_t channels = static_cast<size_t>(image.channels);
  for (size_t i = 0; i < grey.size(); ++i) {
    const float* pixel = &image.values[i * channels];
    const double y = channels < 3 ? light(pixel[0]) : 0.2126729 * light(pixel[0]) + 0.7151522 * light(pixel[1]) + 0.0721750 * light(pixel[2]);
    grey[i] = static_cast<float>(2 * (y <= 0.0031308 ? 12.92 * y : 1.055 * std::pow(y, 1 / 2.4) - 0.055) - 1);
  }
  return grey;
}

Image gradients(const Image& image) {
  const std::vector<float> grey = luma(image);
  Image out{image.height, image.width, 2, std::vector<float>(grey.size() * 2)};
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      const int64_t here = y * image.width + x;
      const auto value = [&](int64_t i) { return grey[static_cast<size_t>(i)]; };
      // Differences of values in [-1, 1] are at most 2: halved, they are in [-1, 1] again.
      out.values[static_cast<size_t>(2 * here)] =
          x + 1 < image.width ? (value(here + 1) - value(here)) / 2 : 0;
      out.values[static_cast<size_t>(2 * here + 1)] =
          y + 1 < image.height ? (value(here + image.width) - value(here)) / 2 : 0;
    }
  }
  return out;
}

Image edge_drawing(const Image& image) {
  constexpr float kWeak = 0.05f,
                  kStrong = 0.25f;  // slopes (half the range a pixel) where a line begins and is full
  const Image slopes = gradients(
      blurred(image, std::max(0.7, static_cast<double>(std::min(image.height, image.width)) / 128)));
  Image out{image.height, image.width, 1, std::vector<float>(slopes.values.size() / 2)};
  for (size_t i = 0; i < out.values.size(); ++i) {
    const float slope = std::hypot(slopes.values[2 * i], slopes.values[2 * i + 1]);
    out.values[i] = 1 - 2 * std::clamp((slope - kWeak) / (kStrong - kWeak), 0.0f, 1.0f);
  }
  return out;
}

}  // namespace

const std::vector<std::string>& transform_names() {
  static const std::vector<std::string> names = {"colourise", "inpaint", "edges", "gradients", "blur", "rain"};
  return names;
}
Transform transform_named(const std::string& name) {
  return static_cast<Transform>(index_named(name, transform_names(), "task"));
}

const std::vector<std::string>& degradation_names() {
  static const std::vector<std::string> names = {"bicubic", "area", "gaussian", "real"};
  return names;
}
Degradation degradation_named(const std::string& name) {
  return static_cast<Degradation>(index_named(name, degradation_names(), "degradation"));
}

bool is_chance(Degradation degradation) { return degradation == Degradation::real; }
bool is_chance(Transform transform) { return transform == Transform::inpaint || transform == Transform::rain; }
int64_t channels_after(Transform transform, int64_t channels) {
  if (transform == Transform::colourise || transform == Transform::edges) return 1;
  return transform == Transform::gradients ? 2 : channels;
}

std::vector<float> luma(const Image& image) {
  std::vector<float> grey(static_cast<size_t>(image.height * image.width));
  const size_t channels = static_cast<size_t>(image.channels);
  for (size_t i = 0; i < grey.size(); ++i) {
    const float* pixel = &image.values[i * channels];
    grey[i] = channels < 3 ? pixel[0] : 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
  }
  return grey;
}

Image blurred(const Image& image, double sigma) {
  const int64_t radius = static_cast<int64_t>(std::ceil(3 * sigma));
  std::vector<float> weights;
  double sum = 0;
  for (int64_t i = -radius; i <= radius; ++i)
    sum += std::exp(-0.5 * static_cast<double>(i * i) / (sigma * sigma));
  for (int64_t i = -radius; i <= radius; ++i) {
    weights.push_back(
        static_cast<float>(std::exp(-0.5 * static_cast<double>(i * i) / (sigma * sigma)) / sum));
  }
  // Once along x, once along y; beyond the border the last pixel goes on.
  const auto pass = [&](const Image& in, int64_t step_y, int64_t step_x) {
    Image out = in;
    for (int64_t y = 0; y < in.height; ++y) {
      for (int64_t x = 0; x < in.width; ++x) {
        for (int64_t c = 0; c < in.channels; ++c) {
          float value = 0;
          for (int64_t i = -radius; i <= radius; ++i) {
            const int64_t yy = std::clamp<int64_t>(y + i * step_y, 0, in.height - 1);
            const int64_t xx = std::clamp<int64_t>(x + i * step_x, 0, in.width - 1);
            value += weights[static_cast<size_t>(i + radius)] *
                     in.values[static_cast<size_t>((yy * in.width + xx) * in.channels + c)];
          }
          out.values[static_cast<size_t>((y * in.width + x) * in.channels + c)] = value;
        }
      }
    }
    return out;
  };
  return pass(pass(image, 0, 1), 1, 0);
}

Image transformed(const Image& image, Transform transform, Random& random) {
  switch (transform) {
    case Transform::colourise: return {image.height, image.width, 1, grey_of_lightness(image)};
    case Transform::inpaint: return with_hole(image, random);
    case Transform::edges: return edge_drawing(image);
    case Transform::gradients: return gradients(image);
    case Transform::blur:
      return blurred(image, static_cast<double>(std::min(image.height, image.width)) / 32);
    case Transform::rain: return rained_on(image, random);
  }
  return image;
}

Image degraded(const Image& high, int64_t scale, Degradation degradation, Random& random) {
  if (scale < 1 || high.height % scale != 0 || high.width % scale != 0) {
    throw Error("a picture of " + std::to_string(high.width) + "x" + std::to_string(high.height) +
                " cannot be reduced " + std::to_string(scale) + " times: its sides are no multiples of that");
  }
  if (degradation == Degradation::real) return really_degraded(high, scale, random);
  const int64_t height = high.height / scale, width = high.width / scale;
  Image low{height, width, high.channels, {}};
  if (degradation == Degradation::gaussian) {
    const Image soft = blurred(high, 0.4 * static_cast<double>(scale));
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const auto from = soft.values.begin() +
                          ((y * scale + scale / 2) * soft.width + x * scale + scale / 2) * soft.channels;
        low.values.insert(low.values.end(), from, from + soft.channels);
      }
    }
    return low;
  }
  const bool bicubic = degradation == Degradation::bicubic;
  low.values = resized(high.values.data(), high.height, high.width, high.channels, height, width,
                       bicubic ? Filter::cubic : Filter::box, Border::mirror);
  for (float& value : low.values) value = std::clamp(value, -1.0f, 1.0f);
  return low;
}

}  // namespace ganymede::data
