// The networks of the variational autoencoder (Kingma & Welling 2014): perceptrons and a convolutional pair.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct VaeSize {
  enum class Kind { common, paper, linear, convolutions } kind = Kind::common;  // hidden ReLU, hidden tanh, none, or convolutions
  int size = 28;             // pixels (convolutions: 4 * 2^k)
  int channels = 1;
  int64_t elements = 784;    // of a flat sample (all but convolutions)
  int width = 400;           // hidden units; convolutions: channels next to the picture (32)
  int latent = 20;
  int outputs = 1;           // numbers for each element: 1, or 2 (mean and log variance)
};

// Samples (flat, or pictures) -> [N, 2 latent]: mean and log variance.
nn::Layer vae_encoder(const VaeSize& s);
// [N, latent] -> [N, outputs * elements], or pictures of outputs * channels; no last activation.
nn::Layer vae_decoder(const VaeSize& s);

}  // namespace ganymede::nets
