// The networks of StarGAN (Choi et al. 2018).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct StarganShape {
  int channels = 3, attributes = 5;
  int width = 64;      // channels next to the pictures; four times as many in G's blocks, doubled at each halving in D
  int blocks = 6;      // residual blocks of G
  int size = 128;      // of D's pictures
  int halvings = 6;    // of D
};

// (x [N, H, W, channels], attributes [N, attributes]) -> [N, H, W, channels] in (-1, 1); H and W multiples of 4. The borders are zeros: a constant plane
// would vanish in the norm behind the first convolution, were it not for them.
nn::Layer stargan_generator(const StarganShape& s);
// x -> {scores of patches [N, h, w, 1], logits of attributes [N, attributes]}. UsageError where size is no multiple of 2^halvings.
nn::Layer stargan_discriminator(const StarganShape& s);

}  // namespace ganymede::nets
