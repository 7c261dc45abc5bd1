// Measures of models that say how probable a picture is.
#pragma once
#include <functional>
#include <vector>

#include "gan/use.h"

namespace ganymede {

// Levels 0, 1, ... below 2^bits of pictures x of 8 bits in [-1, 1]: the lower bits are cut off.
Tensor whole_levels(const Tensor& x, int64_t bits);

struct LikelihoodOf {
  std::function<Tensor(const Batch&)> bits;     // -log2 p(x) of each sample of a batch, a value of x: [N]
  std::function<Tensor(const Batch&)> levels;   // what a density over grey levels is of: whole levels and a uniform draw from [0, 1), [N, ...]
};

// bits; gaussian-bits, of the normal distribution with the mean and covariance of the very pictures that are measured, which no other can
// beat on them; gain, the second less the first. The latter two need more samples than a picture has values.
std::vector<Measure> likelihood_measures(const LikelihoodOf& of);

// independent-bits: of the model of independent values of the very pictures that are measured, which no other such model can beat on them. levels: whole ones, [N, ...].
Measure independent_measure(const std::function<Tensor(const Batch&)>& levels);

// neighbours: how far correlations of values side by side, and of values above one another, in samples [n, H, W, C] are from those in the data, relative to these; the larger.
Measure neighbours_measure(const std::function<Tensor(const Batch&)>& data, const std::function<Tensor(int64_t n)>& samples);

// moments: how far means and deviations of the values of samples (a function of their number, [n, ...]) are from those of the data, relative to these.
Measure moments_measure(const std::function<Tensor(const Batch&)>& data, const std::function<Tensor(int64_t n)>& samples);

}  // namespace ganymede
