// The networks of InfoGAN (Chen et al. 2016): a generator, and a discriminator whose trunk also reads the codes.
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct InfoganSize {
  int size = 28, channels = 1;
  int input = 74;        // noise and codes
  int said = 12;         // outputs of Q
  int width = 64;        // channels next to the picture
  bool svhn = false;     // the configuration of SVHN and CelebA (4 * 2^k pixels, three halvings), else that of MNIST and faces
};

// [N, input] -> [N, size, size, channels]: in (0, 1), with svhn in (-1, 1). UsageError for a size that does not fit.
nn::Layer infogan_generator(const InfoganSize& s);
// x -> {a logit for real, what Q says [N, said]}.
nn::Layer infogan_discriminator(const InfoganSize& s);

}  // namespace ganymede::nets
