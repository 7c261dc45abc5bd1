// The codes of InfoGAN (Chen et al. 2016): the part of G's input that Q must read off the picture.
#pragma once
#include <functional>

#include "gan/use.h"
#include "nn/net.h"

namespace ganymede {

// z = noise, then the categorical codes one-hot, then the continuous ones.
struct Codes {
  int64_t noise, categorical, values, continuous;
  bool fixed;   // Q's deviation of a continuous code is 1, else exp(a / 2) by Q's own word
  int64_t length() const { return noise + categorical * values + continuous; }
  int64_t first_continuous() const { return noise + categorical * values; }
  int64_t said() const { return categorical * values + (fixed ? 1 : 2) * continuous; }
  double entropy() const;   // H(c) of the categorical codes, nats

  // Noise and continuous codes uniform in (-1, 1), categorical ones even: [n, length()].
  Tensor draw(int64_t n) const;
  // mean log Q(c | x) of the categorical codes, said [n, said()] by Q of pictures of z [n, length()].
  Tensor discrete(const Tensor& said, const Tensor& z) const;
  // mean log N(c; mu, s) of the continuous ones.
  Tensor gaussian(const Tensor& said, const Tensor& z) const;
};

// information (L_I), code-error, and with labels code-accuracy. `Q` says codes of what G makes, or of what `real` makes of a
// batch; its batch norms take the statistics of each batch, as in training, where real and generated pictures never share one.
std::vector<Measure> code_measures(const Codes& codes, int64_t classes, const nn::Net& G, const std::function<Tensor(const Tensor& x)>& Q,
                                   const std::function<Tensor(const Batch&)>& real);

}  // namespace ganymede
