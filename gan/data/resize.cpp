#include "gan/data/resize.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/check.h"

namespace ganymede::data {
namespace {

double radius_of(Filter filter) {
  switch (filter) {
    case Filter::box: return 0.5;
    case Filter::triangle: return 1;
    case Filter::cubic: return 2;
    case Filter::lanczos: return 3;
    case Filter::nearest: return 0;  // taps_of() needs none
  }
  return 0;
}

double sinc(double x) {
  if (x == 0) return 1;
  return std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

double weight(Filter filter, double x) {
  x = std::abs(x);
  if (x >= radius_of(filter)) return filter == Filter::box && x == 0.5 ? 0.5 : 0;
  switch (filter) {
    case Filter::box: return 1;
    case Filter::triangle: return 1 - x;
    case Filter::cubic: return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
    case Filter::lanczos: return sinc(x) * sinc(x / 3);
    case Filter::nearest: return 0;
  }
  return 0;
}

// One output value is the sum of weight[i] * input[index[i]].
struct Taps {
  std::vector<int64_t> index;
  std::vector<float> weight;
};

int64_t mirrored_index(int64_t i, int64_t size) {
  const int64_t period = 2 * size;
  i = ((i % period) + period) % period;
  return i < size ? i : period - 1 - i;
}

std::vector<Taps> taps_of(int64_t size, int64_t out_size, Filter filter, Border border) {
  const double scale = static_cast<double>(size) / static_cast<double>(out_size);
  const double stretch = std::max(scale, 1.0), radius = radius_of(filter) * stretch;
  std::vector<Taps> all(static_cast<size_t>(out_size));
  for (int64_t o = 0; o < out_size; ++o) {
    const double centre = (static_cast<double>(o) + 0.5) * scale;
    if (filter == Filter::nearest) {
      all[static_cast<size_t>(o)] = {{std::min(static_cast<int64_t>(centre), size - 1)}, {1}};
      continue;
    }
    int64_t first = static_cast<int64_t>(std::floor(centre - radius));
    int64_t last = static_cast<int64_t>(std::ceil(centre + radius));
    if (border == Border::renormalise) first = std::max<int64_t>(first, 0), last = std::min(last, size - 1);
    Taps& taps = all[static_cast<size_t>(o)];
    std::vector<double> weights;
    double sum = 0;
    for (int64_t i = first; i <= last; ++i) {
      const double w = weight(filter, (static_cast<double>(i) + 0.5 - centre) / stretch);
      if (w == 0) continue;
      taps.index.push_back(border == Border::mirror ? mirrored_index(i, size) : i);
      weights.push_back(w);
      sum += w;
    }
    for (double w : weights) taps.weight.push_back(static_cast<float>(w / sum));
  }
  return all;
}

}  // namespace

std::vector<float> resized(const float* values, int64_t height, int64_t width, int64_t channels,
                           int64_t out_height, int64_t out_width, Filter filter, Border border) {
  if (height < 1 || width < 1 || out_height < 1 || out_width < 1) {
    throw Error("cannot resize " + std::to_string(height) + "x" + std::to_string(width) + " to " +
                std::to_string(out_height) + "x" + std::to_string(out_width));
  }
  const std::vector<Taps> columns = taps_of(width, out_width, filter, border);
  const std::vector<Taps> rows = taps_of(height, out_height, filter, border);
  std::vector<float> wide(static_cast<size_t>(height * out_width * channels));
  for (int64_t y = 0; y < height; ++y) {
    const float* line = values + y * width * channels;
    for (int64_t x = 0; x < out_width; ++x) {
      float* to = &wide[static_cast<size_t>((y * out_width + x) * channels)];
      const Taps& taps = columns[static_cast<size_t>(x)];
      for (size_t i = 0; i < taps.index.size(); ++i) {
        const float* from = line + taps.index[i] * channels;
        for (int64_t c = 0; c < channels; ++c) to[c] += taps.weight[i] * from[c];
      }
    }
  }
  const int64_t row_length = out_width * channels;
  std::vector<float> out(static_cast<size_t>(out_height * row_length));
  for (int64_t y = 0; y < out_height; ++y) {
    float* to = &out[static_cast<size_t>(y * row_length)];
    const Taps& taps = rows[static_cast<size_t>(y)];
    for (size_t i = 0; i < taps.index.size(); ++i) {
      const float* from = &wide[static_cast<size_t>(taps.index[i] * row_length)];
      for (int64_t x = 0; x < row_length; ++x) to[x] += taps.weight[i] * from[x];
    }
  }
  return out;
}

Picture resized(const Picture& picture, int64_t out_height, int64_t out_width, Filter filter, Border border) {
  if (out_height == picture.height && out_width == picture.width) return picture;
  const std::vector<float> values(picture.pixels.begin(), picture.pixels.end());
  const std::vector<float> out = resized(values.data(), picture.height, picture.width, picture.channels,
                                         out_height, out_width, filter, border);
  Picture result(out_height, out_width, picture.channels);
  for (size_t i = 0; i < out.size(); ++i) {
    result.pixels[i] = static_cast<uint8_t>(std::clamp(out[i] + 0.5f, 0.0f, 255.0f));
  }
  return result;
}

Cover cover_of(int64_t picture_height, int64_t picture_width, int64_t height, int64_t width) {
  const double scale = std::max(static_cast<double>(height) / static_cast<double>(picture_height),
                                static_cast<double>(width) / static_cast<double>(picture_width));
  const auto scaled = [scale](int64_t side, int64_t least) {
    return std::max(least, static_cast<int64_t>(std::lround(static_cast<double>(side) * scale)));
  };
  Cover cover;
  cover.scaled_height = scaled(picture_height, height), cover.scaled_width = scaled(picture_width, width);
  cover.top = (cover.scaled_height - height) / 2, cover.left = (cover.scaled_width - width) / 2;
  cover.scale_y = static_cast<double>(cover.scaled_height) / static_cast<double>(picture_height);
  cover.scale_x = static_cast<double>(cover.scaled_width) / static_cast<double>(picture_width);
  return cover;
}

Picture covering(const Picture& picture, int64_t height, int64_t width, Filter filter) {
  if (picture.height == height && picture.width == width) return picture;
  const Cover cover = cover_of(picture.height, picture.width, height, width);
  return cropped(resized(picture, cover.scaled_height, cover.scaled_width, filter), cover.top, cover.left, height,
                 width);
}

}  // namespace ganymede::data
