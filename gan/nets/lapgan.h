// The networks of LAPGAN (Denton et al. 2015), for one level of the pyramid each.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

// With classes > 0 all are called as net(x, labels): fully connected ones see the label as one-hot, the others a plane that they
// make of it. In this table S is side.
struct LapganSize {
  int side, channels, width;
  int classes = 0;
  double keep = 0.5;   // share of hidden values that D keeps
};
// Fully connected: z [N, latent] -> pictures [N, S, S, channels], and pictures -> logits [N, 1].
nn::Layer lapgan_first_generator(int latent, const LapganSize& s);
nn::Layer lapgan_first_discriminator(const LapganSize& s);
// An enlarged picture and a plane of noise, [N, S, S, channels + 1] (two tensors without classes) -> what to add to the former, linear.
nn::Layer lapgan_generator(const LapganSize& s);
// Pictures [N, S, S, channels], S at least kLapganSmallest -> logits [N, 1].
inline constexpr int kLapganSmallest = 9;
nn::Layer lapgan_discriminator(const LapganSize& s);

}  // namespace ganymede::nets
