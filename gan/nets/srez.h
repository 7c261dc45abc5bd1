// The networks of Chen and Tong 2017 (after Garcia's srez): a residual generator without noise, and a critic.
#pragma once
#include "nn/blocks.h"

namespace ganymede::nets {

struct SrezShape {
  int channels = 3;
  int scale = 4;            // 2, 4 or 8
  int width = 256;          // of the first unit; halved in each that follows
  int last = 96;            // of the last unit, which makes the picture
  bool norm = true;         // batch norm with a bias and no gain
  bool residual = true;     // two residual blocks before each doubling; else a transposed convolution of stride 2 alone
};
bool srez_enlarges(int64_t scale);

// [N, H, W, channels] in [0, 1] -> [N, scale H, scale W, channels] in (0, 1).
nn::Layer srez_generator(const SrezShape& s);

struct SrezCritic {
  int channels = 3;
  int width = 64;                             // of the first layer; 8 times as many in the last
  nn::NormKind norm = nn::NormKind::layer;    // with biases and no gains; batch, layer or none
  bool score = true;                          // the last layer has no bias, which a difference of scores would cancel
};

// [N, H, W, channels] -> [N, 1]: a score a place of a 16th of the size, and their mean. H and W at least 16.
nn::Layer srez_critic(const SrezCritic& s);

}  // namespace ganymede::nets
