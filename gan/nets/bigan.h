// The networks of BiGAN (Donahue et al. 2017): z enters the generator and the discriminator beside the picture's path, by
// linear maps added to what a layer gives.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct BiganSize {
  bool convolutions = false;  // the ImageNet nets, for 4 * 2^k pixels; else the MNIST nets, perceptrons on flat samples
  int size = 28;              // pixels (convolutions)
  int channels = 1;
  int64_t elements = 784;     // of a flat sample (perceptrons)
  bool bounded = true;        // perceptrons: the generator ends in a sigmoid, for samples in (0, 1)
  int width = 1024;           // hidden units; convolutions: channels next to the picture (64)
  int latent = 50;
  bool joint = true;          // the discriminator sees z
};

// z [N, latent] -> samples: perceptrons [N, elements], in (0, 1) if bounded; convolutions [N, size, size, channels] in (-1, 1).
nn::Layer bigan_generator(const BiganSize& s);
// {x} -> {logits of z [N, latent], last hidden layer}; z is 2 sigmoid - 1 of them, or they themselves.
nn::Layer bigan_encoder(const BiganSize& s);
// {x, z} -> {logit [N, 1]}; without joint, z is ignored.
nn::Layer bigan_discriminator(const BiganSize& s);

}  // namespace ganymede::nets
