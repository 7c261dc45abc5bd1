// The networks of a scale of SinGAN (Shaham et al. 2019, supplement, and the authors' code): five 3x3 convolutions without
// padding, equally wide, batch norm and leaky ReLU 0.2 after all but the last; each sees 11 x 11 pixels.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

inline constexpr int kSinganReach = 5;  // pixels that the five convolutions take off each side

// [n, h + 10, w + 10, channels] to [n, h, w, channels] in (-1, 1).
nn::Layer singan_generator(int channels, int width);
// [n, h, w, channels] to scores [n, h - 10, w - 10, 1].
nn::Layer singan_discriminator(int channels, int width);

}  // namespace ganymede::nets
