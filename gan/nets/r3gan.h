// The networks of R3GAN (Huang, Gokaslan, Kuleshov, Tompkin 2024, section 4): residual blocks of grouped convolutions without norms, alike in G and D.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct R3Size {
  int size = 32;         // pixels: 4 * 2^k, at least 8
  int channels = 3;      // of pictures
  int latent = 64;       // length of z
  int width = 64;        // channels at the finest resolution, doubled at each coarser one ...
  int most_width = 768;  // ... up to this
  int blocks = 2;        // a resolution
  int expansion = 2;     // of channels inside a block
  int group = 16;        // channels of a group of a block's 3x3 convolution
};
// UsageError for a size that is not of the form 4 * 2^k with k > 0, or widths that do not divide into groups.
void check_r3(const R3Size& s);

// z [N, latent] -> pictures [N, size, size, channels], linear: a learned 4 x 4 picture, each of its channels times a linear function of z, then blocks, a 1x1
// convolution and a smooth enlargement a resolution.
nn::Layer r3_generator(const R3Size& s);
// Pictures -> scores [N, 1]: the same the other way round; the last 4 x 4 pixels are summed by a weight a channel and pixel.
nn::Layer r3_discriminator(const R3Size& s);

}  // namespace ganymede::nets
