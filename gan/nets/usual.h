// What the networks of several papers have in common.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

// Epilogues: relu, and leaky_relu with slope 0.2.
inline const Activation kRelu{Unary::relu};
inline const Activation kLeaky{Unary::leaky_relu, 0.2};

// 4, 8, 16, 32, ...
bool is_doubled_four(int side);

// How often 4 pixels are doubled to `size`, at least `least` times (1 or 2). UsageError for other sizes:
// "a picture size of 24: WHO takes 8, 16, 32, 64, ... pixelsBESIDES; set --sizeINSTEAD".
int doublings_of_four(int size, const char* who, int least = 1, const char* besides = "", const char* instead = "");

// A convolution that halves (or, transposed, doubles) the sides: 4 x 4 with stride 2 and padding 1.
inline nn::ConvSpec halving(bool bias, bool spectral = false) { return {.kernel = 4, .stride = 2, .padding = 1, .bias = bias, .spectral = spectral}; }

// DCGAN's batch norm: its gains are drawn around 1 with deviation 0.02 (Radford et al., https://arxiv.org/abs/1511.06434, their code).
inline nn::Layer dcgan_norm(int channels) { return nn::batch_norm(channels, 1e-5, nn::init::normal(1, 0.02)); }

// A dense layer with weights and biases as PyTorch draws them.
inline nn::Layer pytorch_linear(int in, int out) { return nn::linear(in, out, true, nn::init::as_pytorch(in), nn::init::as_pytorch(in)); }

}  // namespace ganymede::nets
