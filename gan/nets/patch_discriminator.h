// PatchGAN (Isola et al. 2017): a discriminator that judges every patch of a picture by itself; and several of them at
// different scales (BicycleGAN).
#pragma once
#include "gan/nets/unet.h"

namespace ganymede::nets {

struct PatchShape {
  int in = 6;               // channels, those of both pictures where pairs are judged
  int width = 64;
  int halvings = 3;         // strided convolutions: 0 (1x1 kernels), 1, 2, 3, 4, 5 see 1, 16, 34, 70, 142, 286 pixels
  bool bias = false;        // where no norm follows
  TranslationNorm norm = {};
  bool xavier = false;
  int condition = 0;        // length of a vector, given as a second tensor [N, condition] and laid out as planes behind the strided convolutions
};

// Pixels that one output sees, for 0 to 5 halvings.
int receptive_field(int halvings);
// Outputs along a side of `size` pixels; 0 or less: the picture is too small.
int64_t patch_map(int64_t size, int halvings);

// [N, H, W, in] (and [N, condition]) -> [N, h, w, 1], logits or scores. The convolution that mixes a condition in has no norm.
nn::Layer patch_discriminator(const PatchShape& s);

// A picture in, or two side by side; out, what the parts make, one part after another: of the picture, of the picture halved (mean of 3x3 with stride 2, border left out), and so on.
nn::Layer at_scales(std::vector<nn::Layer> parts);
// patch_discriminator at `scales` scales, each with half the channels of the one before.
nn::Layer multi_scale_patches(const PatchShape& s, int scales);

}  // namespace ganymede::nets
