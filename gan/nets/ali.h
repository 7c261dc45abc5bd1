// The networks of ALI (Dumoulin et al. 2017): convolutions without padding down to 1 x 1, and perceptrons for points.
#pragma once
#include <vector>

#include "nn/layers.h"

namespace ganymede::nets {

struct AliSize {
  enum class Kind { cifar10, svhn, celeba, points } kind = Kind::cifar10;  // 32 px, 32 px, 64 px
  int channels = 3;
  int64_t dimensions = 2;      // of points
  int width = 32;              // channels next to the picture (celeba: 64), others are multiples; points: hidden units (400)
  int d_width = 200;           // points: units of D, the largest of 5 pieces each
  double deviation = 0.02;     // points: of normal first weights (meant for the widths above); 0: He's for these fan-ins
  int latent = 64;
  bool dropout = true;         // in D
  std::vector<double> output_bias = {};  // log-odds of the mean picture, [size * size * channels]; empty: 0
};

int ali_pixels(AliSize::Kind kind);  // 32 or 64

// Samples, pictures in [0, 1] -> [N, 2 latent]: mean and log of the standard deviation.
nn::Layer ali_encoder(const AliSize& s);
// [N, latent] -> samples, pictures in (0, 1).
nn::Layer ali_decoder(const AliSize& s);
// {x, z} -> {logit [N, 1]}.
nn::Layer ali_discriminator(const AliSize& s);

}  // namespace ganymede::nets
