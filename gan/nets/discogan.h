// The networks of DiscoGAN (Kim et al. 2017): halvings to a few pixels and back, without skips; a discriminator that also gives its
// features.
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct DiscoganSize {
  int size = 64;            // pixels: 4 * 2^k, k halvings
  int in = 3, out = 3;      // channels of the pictures
  int width = 64;           // channels next to the picture, doubled at each halving, at most 8 times as many
  bool bottleneck = false;  // 100 features of one place between the halvings and the doublings
};

// Pictures of such a size in [0, 1]: [N, H, W, in] -> [N, H, W, out]. UsageError for a size that does not fit.
nn::Layer discogan_generator(const DiscoganSize& s);
// {x [N, H, W, in]} -> {logit [N, 1, 1, 1], the features behind the leaky ReLUs 2, 3, ...}; net(x) the logit. `out` and `bottleneck` say nothing.
nn::Layer discogan_discriminator(const DiscoganSize& s);

// The same for points: 3 hidden layers [N, in] -> [N, out], and 5 linear ones {x} -> {logit [N, 1], features behind the ReLUs 2, 3, 4}.
nn::Layer discogan_point_map(int dimensions, int width);
nn::Layer discogan_point_judge(int dimensions, int width);

}  // namespace ganymede::nets
