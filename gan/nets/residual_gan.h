// The networks of Residual-GAN (Shen & Liu 2017).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct ResidualGanShape {
  int size = 128, channels = 3;
  int width = 64;      // channels next to the picture, of the transformation and of the discriminator
  int classes = 3;
  int features = 3;    // the discriminator's halving whose activation it also gives
};

// x -> a picture to be added to x, not squashed. Sides are multiples of 4. Transposed convolutions of 3 begin one pixel before those of "SAME" padding.
nn::Layer residual_transformation(const ResidualGanShape& s);
// x -> {logits [N, classes], activation behind the halving `features`}. UsageError where the size is not 4 * 2^k or it has fewer halvings.
nn::Layer residual_discriminator(const ResidualGanShape& s);

}  // namespace ganymede::nets
