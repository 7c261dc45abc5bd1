// The U-Net of pix2pix (Isola et al. 2017), BicycleGAN (Zhu et al. 2017b) and DualGAN (Yi et al. 2017): halvings to a bottleneck and back, with the
// encoder's features handed to the decoder at each size.
#pragma once
#include "nn/blocks.h"

namespace ganymede::nets {

// The norm of a translating network: batch norm (gains from normal(1, 0.02)), or instance norm with or without gains.
struct TranslationNorm {
  nn::NormKind kind = nn::NormKind::batch;
  bool affine = true;
  double eps = 1e-5;
  nn::Layer operator()(int channels) const;
};

struct UnetShape {
  int in = 3, out = 3;      // channels of the pictures
  int width = 64;           // channels of the first level; doubled at each, at most 8 times as many
  int halvings = 8;         // levels: pictures are multiples of 2^halvings
  bool skips = true;        // without: an encoder-decoder
  int end_kernel = 4, kernel = 4;  // of the convolutions next to the pictures, and inside; 3, 4 or 5
  bool bias = false;        // where no norm follows
  bool resize = false;      // decoder steps: bilinear doubling, reflected border and a 3x3 convolution, not a transposed convolution
  TranslationNorm norm = {};
  double dropout = 0.5;     // probability to drop, after the norm of three decoder steps
  int first_dropped = 1;    // the first of them (pix2pix 1, BicycleGAN 2); the last step is never one
  int latent = 0;           // length of z, given as a second tensor [N, latent] and laid out as planes
  bool latent_everywhere = false;  // beside the input of every encoder step, or of the first alone
  bool xavier = false;      // weights from Xavier's normal with gain 0.02 (BicycleGAN's code), or normal(0, 0.02)
};

// The factors of two in both sides, at most 8, so that the bottleneck of a power of two is one pixel. UsageError if there are
// fewer than 2.
int halvings_of(int64_t height, int64_t width);

// [N, H, W, in] (and [N, latent]) -> [N, H, W, out] in (-1, 1).
nn::Layer unet(const UnetShape& s);

// The initialiser that goes with `xavier`, for a convolution.
nn::Init translation_init(bool xavier, int in, int out, int kernel);

}  // namespace ganymede::nets
