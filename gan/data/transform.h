#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gan/data/random.h"

namespace ganymede::data {

// A picture in [-1, 1], [height, width, channels].
struct Image {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<float> values;
};

// What the input of a made pair is; the other side is the picture itself.
enum class Transform {
  colourise,  // the grey of its lightness, 1 channel
  inpaint,    // a rectangle of a quarter to a half of each side is 0, drawn from `random`
  edges,      // 1 channel, dark lines on white: where the smoothed luma changes fast
  gradients,  // 2 channels, the luma's differences to the right and downwards
  blur,       // Gaussian, standard deviation 1/32 of the smaller side
  rain,       // white slanted streaks, drawn from `random`: rain.h
};

// Throws UsageError listing the names for an unknown one.
Transform transform_named(const std::string& name);
const std::vector<std::string>& transform_names();

bool is_chance(Transform transform);  // whether it draws from `random`
int64_t channels_after(Transform transform, int64_t channels);
Image transformed(const Image& image, Transform transform, Random& random);

std::vector<float> luma(const Image& image);  // [height, width], BT.601
Image blurred(const Image& image, double sigma);

// How a low-resolution picture comes from a high one.
enum class Degradation {
  bicubic,   // MATLAB's imresize: antialiased, mirrored borders
  area,      // mean of scale x scale pixels
  gaussian,  // blur of sigma = 0.4 scale, then every scale-th pixel
  real,      // blurs, changes of size, noise and JPEG, drawn from `random`: real_degradation.h
};
Degradation degradation_named(const std::string& name);
const std::vector<std::string>& degradation_names();
bool is_chance(Degradation degradation);  // whether it draws from `random`
// Height and width must be multiples of the scale.
Image degraded(const Image& high, int64_t scale, Degradation degradation, Random& random);

}  // namespace ganymede::data
