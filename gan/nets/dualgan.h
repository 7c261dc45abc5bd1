// The critic of DualGAN (Yi et al. 2017) as in the authors' code; its generator is a U-Net with kernels of 5 at both ends and 3 inside.
#pragma once
#include "gan/nets/unet.h"

namespace ganymede::nets {

struct DualCriticShape {
  int in = 3;               // channels of the pictures
  int height = 256, wide = 256;    // pixels, multiples of 2^halvings
  int width = 64;           // channels of the first convolution, doubled at each, at most 8 times as many
  int halvings = 5;
  bool patches = true;      // a score for each of the places that one more halving leaves, or one for the picture
  bool last_bias = false;   // of the scores; a difference of scores cancels it
  TranslationNorm norm = {nn::NormKind::instance, true};
};

// [N, height, wide, in] -> scores [N, h, w, 1], or [N, 1, 1, 1] for the picture.
nn::Layer dual_critic(const DualCriticShape& s);

}  // namespace ganymede::nets
