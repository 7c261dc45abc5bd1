// The networks of conditional GAN (Mirza, Osindero 2014) for pictures with labels. All are called as net(x, labels).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct CganSize {
  int size = 28, channels = 1, classes = 10, latent = 100;
  int width = 1200;      // perceptrons: hidden units of G; convolutions: channels next to the picture
  int units = 240;       // perceptrons: maxout units of D over the picture
  bool dropout = true;   // perceptrons: half of the hidden units, in both
  bool norm = true;      // convolutions: batch norm in D
  bool spectral = false; // convolutions: spectral norm of D's weights
};

// The paper's perceptrons: z and label have hidden layers of their own (1/6 and 5/6 of the width) that are joined. G ends in
// the logistic function: [N, size * size * channels] in (0, 1). D takes such rows and gives a logit.
nn::Layer cgan_generator(const CganSize& s);
nn::Layer cgan_discriminator(const CganSize& s);

// DCGAN's pair with the label as constant planes before every layer; pictures in (-1, 1).
nn::Layer cgan_conv_generator(const CganSize& s);
nn::Layer cgan_conv_discriminator(const CganSize& s);

}  // namespace ganymede::nets
