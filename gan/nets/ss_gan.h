// The networks of S2-GAN, style and structure (Wang and Gupta 2016, tables 1 and 2).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct StyleStructureSize {
  int size = 128, channels = 3;   // of pictures, and the size of the normals that they are rendered from
  int structure = 72;             // sides of the normals that Structure-GAN makes
  int latent = 100;               // length of either noise
  int width = 64;                 // channels of D's first convolution; G and D are in proportion
  int estimator = 96;             // channels of the estimator's first convolution; it is in proportion
  int words = 40;                 // of normals
  bool dropout = true;            // in both discriminators: a fifth of the maps behind the third and fourth convolution, half of the features
};

// z [N, latent] -> normals [N, structure, structure, 3] of length 1. UsageError unless structure is a multiple of 8 from 16.
nn::Layer structure_generator(const StyleStructureSize& s);
// Normals -> logit [N, 1].
nn::Layer structure_discriminator(const StyleStructureSize& s);
// net(normals, z): normals [N, size, size, 3] and z [N, latent] -> pictures in (-1, 1). UsageError unless size is a multiple of 16.
nn::Layer style_generator(const StyleStructureSize& s);
// net(Tensors{picture, normals}) -> {logit [N, 1]}.
nn::Layer style_discriminator(const StyleStructureSize& s);
// Pictures -> logits of the words [N, size / 4, size / 4, words]: AlexNet's convolutions on pictures enlarged four times, then twice up.
nn::Layer normal_estimator(const StyleStructureSize& s);

}  // namespace ganymede::nets
