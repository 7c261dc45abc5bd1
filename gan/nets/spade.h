// The networks of SPADE (Park et al. 2019).
#pragma once
#include "nn/blocks.h"

namespace ganymede::nets {

struct SpadeShape {
  int labels = 35, channels = 3;       // of label maps, one-hot; of pictures
  int width = 64;                      // channels of the last block; twice as many each doubling inward, up to 16 times
  int doublings = 5;                   // 1 to 6: pictures are 2^doublings times as large as the first maps, 5 in the paper at 256 px
  nn::NormKind norm = nn::NormKind::batch;   // before gain and bias
  int hidden = 128;                    // channels inside each norm by a map
  bool spatial = true;                 // norms by the map; else plain ones, and the map beside what each convolution of a block sees
  bool spectral = true;                // of convolutions in blocks
  int latent = 0;                      // length of z, from which the first maps are made; 0: they are made of the label map
  int height = 256, width_px = 256;    // of pictures, for z
};

// {labels [N, H, W, labels]} or {labels, z [N, latent]} -> [N, H, W, channels] in (-1, 1); H and W multiples of 2^doublings.
nn::Layer spade_generator(const SpadeShape& s);

struct SpadeJudgeShape {
  int labels = 35, channels = 3;
  int width = 64;                      // channels of the first layer; doubled each layer, up to 512
  int layers = 4;                      // before the last one: all strided but the last of them
  bool spectral = true;                // of the layers with a norm
};
// {labels, pictures}, side by side -> of each scale in turn the scores [N, h, w, 1] and what each layer before made, shallow to deep: layers + 1 outputs.
nn::Layer spade_judges(const SpadeJudgeShape& s, int scales);

// Pictures [N, size, size, channels] -> {mean [N, latent], log variance [N, latent]}: strided convolutions down to 4 x 4.
struct SpadeEncoderShape {
  int size = 256, channels = 3, width = 64, latent = 256;   // size: 4 * 2^k
  bool spectral = true;                // of the convolutions
};
nn::Layer spade_encoder(const SpadeEncoderShape& s);

}  // namespace ganymede::nets
