// The image transformation networks of Johnson et al. 2016 and of its supplement: for style transfer and for super-resolution.
#pragma once
#include "nn/blocks.h"

namespace ganymede::nets {

struct StyliserShape {
  int channels = 3;
  int width = 32;                // next to the pictures; 4 times as many inside
  int blocks = 5;                // residual
  nn::NormKind norm = nn::NormKind::instance;  // batch in the paper
};
// What reflection adds to each side before the first layer and unpadded residual blocks take away again: pictures must be larger.
int64_t styliser_border(int blocks);

// [N, H, W, channels] -> the same in (-1, 1); H and W multiples of 4, larger than the border.
nn::Layer styliser(const StyliserShape& s);

struct UpscalerShape {
  int channels = 3;
  int scale = 4;                 // 2, 4 or 8: transposed convolutions of stride 2
  int width = 64, blocks = 4;
  nn::NormKind norm = nn::NormKind::batch;
};
bool upscaler_enlarges(int64_t scale);

// [N, H, W, channels] -> [N, scale H, scale W, channels] in (-1, 1). Zeros around every layer.
nn::Layer upscaler(const UpscalerShape& s);

}  // namespace ganymede::nets
