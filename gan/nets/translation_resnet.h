// The generator of CycleGAN (Johnson et al. 2016 with instance norm): two halvings, residual blocks, two doublings.
#pragma once
#include "gan/nets/unet.h"

namespace ganymede::nets {

struct ResnetShape {
  int in = 3, out = 3;
  int width = 64;           // channels next to the pictures; 4 times as many inside
  int blocks = 6;           // 6 for 128 px, 9 for 256
  TranslationNorm norm = {nn::NormKind::instance, false};
};

// x + norm(conv3(relu(norm(conv3(x))))), no relu after the sum; dropped: the share of features that is dropped before it.
nn::Layer residual_block(int channels, const TranslationNorm& norm, Padding border, double dropped = 0);

// [N, H, W, in] -> [N, H, W, out] in (-1, 1); H and W multiples of 4, at least 8.
nn::Layer translation_resnet(const ResnetShape& s);

}  // namespace ganymede::nets
