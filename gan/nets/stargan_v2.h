// The networks of StarGAN v2 (Choi et al. 2020, appendix; details as in the authors' code). A domain is given as a row of 0 and 1 [N, domains], one of them 1.
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct StarganV2Shape {
  int size = 256;          // of square pictures, 8, 16, 32, ... pixels
  int channels = 3;
  int width = 64;          // channels next to the picture, of G, E and D; each halving doubles them
  int most_width = 512;    // up to this
  int halvings = 4;        // of G: the smallest maps are size >> halvings
  int style = 64;          // length of s
  int latent = 16;         // of z
  int hidden = 512;        // units of a layer of F
  int domains = 2;
};

// UsageError for a size that E and D cannot halve to 4.
void check_stargan_v2(const StarganV2Shape& s);
// How often the paper's G halves pictures of this size: log2(size) - 4 times, but at least once.
int stargan_v2_halvings(int size);

// G: net(x [N, H, W, channels], s [N, style]) -> [N, H, W, channels], any sides that are multiples of 2^halvings. Residual blocks with instance norms down, with adaptive ones up; no tanh.
nn::Layer stargan_v2_generator(const StarganV2Shape& s);
// F: net(z [N, latent], domain) -> [N, style].
nn::Layer stargan_v2_mapping(const StarganV2Shape& s);
// E: net(x [N, size, size, channels], domain) -> [N, style].
nn::Layer stargan_v2_encoder(const StarganV2Shape& s);
// D: net(x, domain) -> [N, 1], the score of that domain.
nn::Layer stargan_v2_discriminator(const StarganV2Shape& s);

}  // namespace ganymede::nets
