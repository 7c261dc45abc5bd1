// The generator of CycleGAN (Johnson et al. 2016 with instance norm): two halvings, residual blocks, two doublings.
#pragma once
#include "gan/nets/unet.h"

namespace ganymede::nets {

struct ResnetShape {
  int in = 3, out = 3;
  int width = 64;           // channels next to the pictures; 4 times as many inside
  int blocks = 6;           // 6 for 128 px, 9 for 256
  TranslationNorm norm = {nn::NormKind::instance, false};
  int condition = 0;        // length of a vector, given as a second tensor [N, condition] and laid out as planes behind the halvings
};

// x + norm(conv3(relu(norm(conv3(x))))), no relu after the sum; dropped: the share of features that is dropped before it.
nn::Layer residual_block(int channels, const TranslationNorm& norm, Padding border, double dropped = 0);

// [N, H, W, in] (and [N, condition]) -> [N, H, W, out] in (-1, 1); H and W multiples of 4, at least 8. A convolution of 3 with zeros around, a bias and
// relu, but no norm mixes the planes in: a norm behind would take what a constant plane adds out again.
nn::Layer translation_resnet(const ResnetShape& s);

// The same, cut behind the first half of the residual blocks, which an odd one in the middle belongs to: decoder(encoder(x)). The encoder is also looked into: net(Tensors{x})
// gives {code, what the two strided convolutions make (before their norms) and, where the half has several blocks, what the first one makes}. Without a condition.
struct ResnetHalves {
  nn::Layer encoder, decoder;
  std::vector<int> channels;   // of what net(Tensors{x}) gives
};
ResnetHalves translation_resnet_halves(const ResnetShape& s);

}  // namespace ganymede::nets
