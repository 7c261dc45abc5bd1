// The coupled networks of CoGAN (Liu, Tuzel 2016): two generators that share their first layers, two discriminators that share
// their last ones.
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct CoganSize {
  int size = 28;
  int channels_a = 1, channels_b = 1;
  int latent = 100;
  int width = 128;       // G's channels before the last layer, more inward: digits 8 times as many at 4 x 4, faces doubled at each step
  int d_width = 20;      // D's channels after the first layer, more later: digits 5/2 and 25 times as many, faces doubled at each step
  bool faces = false;    // the networks for 128 x 128 faces (8, 16, 32, ... pixels); else those for digits (16, 28, 52, 100)
  bool shared = true;    // false: two pairs that share nothing
  int classes = 0;       // > 0: D also says the class
};

// {z} -> {x_a, x_b}; digits in (0, 1), faces in (-1, 1). UsageError for a size that does not fit.
nn::Layer cogan_generator(const CoganSize& s);
// {x_a, x_b} -> {two logits [2 N, 2], the last hidden layer [2 N, F], with classes their logits [2 N, classes]}: rows of a, then b.
nn::Layer cogan_discriminator(const CoganSize& s);

}  // namespace ganymede::nets
