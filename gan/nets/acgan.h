// The networks of AC-GAN (Odena, Olah, Shlens 2017).
#pragma once
#include <string>

#include "nn/module.h"

namespace ganymede::nets {

struct AcganSize {
  int size = 32, channels = 3, classes = 10, latent = 100;
  // cifar: the pair for 32 x 32, here for 4 * 2^k pixels; imagenet: the one for 128 x 128; mnist: the common pair for 28 x 28,
  // here for multiples of 4; points: perceptrons with two hidden layers.
  std::string kind = "cifar";
  int dimensions = 2;    // of points
  int width = 48;        // G's channels next to the picture (cifar 48, imagenet 64, mnist 128); hidden units for points
  int d_width = 16;      // D's channels next to the picture, doubled at each of six convolutions (mnist: 32)
  double noise = 0;      // deviation of the noise on D's activations
};

// (z [N, latent], labels) -> [N, size, size, channels] in (-1, 1), or points [N, dimensions]. UsageError for a size that the kind does not take.
nn::Layer acgan_generator(const AcganSize& s);
// x -> {a logit for real, class logits}.
nn::Layer acgan_discriminator(const AcganSize& s);
// The same trunk with one head: a logit for real alone, or the class logits of a classifier that stands apart (no noise).
nn::Layer acgan_judge(const AcganSize& s);
nn::Layer acgan_classifier(const AcganSize& s);

}  // namespace ganymede::nets
