// The discretised mixture of logistics of PixelCNN++ (Salimans et al. 2017, section 2.1): a distribution of a pixel's channels on levels in [-1, 1].
#pragma once
#include "engine/tensor.h"

namespace ganymede {

struct LogisticMixture {
  int channels = 3, components = 10;
  int64_t levels = 256;       // of each channel: -1, -1 + 2 / (levels - 1), ..., 1

  // Numbers that describe a pixel's distribution, on the last axis: `components` logits; by channel the components' means; by channel the logarithms of their
  // scales; and for each pair of channels d < c in the order (0,1) (0,2) (1,2) ... k, by which the mean of c grows with the value of d: tanh(k) x_d.
  int parameters() const { return components * (1 + 2 * channels + channels * (channels - 1) / 2); }
  // log P of pixels x [..., channels] on levels: [...].
  Tensor log_probability(const Tensor& numbers, const Tensor& x) const;
  // Pixels [n, channels] on levels, from numbers [n, parameters()] and draws [n, draws()] from U(0, 1).
  Tensor draw(const Tensor& numbers, const Tensor& u) const;
  int draws() const { return components + channels; }

 private:
  struct Channel {
    Tensor mean, log_scale;   // [..., components]
  };
  Tensor logits(const Tensor& numbers) const;
  Channel channel(const Tensor& numbers, int c, const Tensors& before) const;   // before: [..., 1] each
};

}  // namespace ganymede
