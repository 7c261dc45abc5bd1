// The network of ESPCN (Shi et al. 2016): convolutions at the low resolution, the last one before a pixel shuffle.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct EspcnShape {
  int channels = 1;
  int scale = 3;                      // r
  int width = 64, inner = 32;         // n1 and n2
  Unary activation = Unary::tanh;
  bool icnr = true;                   // the r^2 filters of a channel begin equal, so the output as a nearest-neighbour enlargement
};

// [N, H, W, channels] -> [N, r H, r W, channels]; 5x5, 3x3 and 3x3, zeros around. He's first weights, N(0, 0.001^2) in the last layer.
nn::Layer espcn(const EspcnShape& s);

}  // namespace ganymede::nets
