// The networks of SGAN, stacked GANs (Huang et al. 2017): those for MNIST, and for CIFAR-10 and SVHN.
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct StackedSize {
  int size = 28, channels = 1, classes = 10;
  bool cifar = false;    // the networks of CIFAR-10, else those of MNIST
  int width = 32;        // channels of E's first convolution: 32, CIFAR-10 64; all others are in proportion
  int upper = 50;        // length of z1, which G1 makes features of
  int lower = 50;        // length of z0, which G0 makes pictures of; CIFAR-10 16
  int features() const { return cifar ? 4 * width : 8 * width; }   // 256
};

// Pictures -> features h1, [N, features()], behind a relu. UsageError unless the size is a multiple of 4 from 16.
nn::Layer stacked_encoder(const StackedSize& s);
// net(z1, labels) -> features; net(Tensors{z0, features}) -> {pictures in (0, 1)}.
nn::Layer stacked_feature_generator(const StackedSize& s);
nn::Layer stacked_picture_generator(const StackedSize& s);
// x -> {logits of real, [N, 1], or of classes, [N, classes] (cifar); z as Q reads it}.
nn::Layer stacked_feature_discriminator(const StackedSize& s);
nn::Layer stacked_picture_discriminator(const StackedSize& s);

}  // namespace ganymede::nets
