#include "gan/uses/likelihood_measures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>

#include "engine/ops.h"
#include "gan/metrics/columns.h"
#include "gan/metrics/correlation.h"
#include "gan/metrics/frechet.h"
#include "gan/recipe.h"

namespace ganymede {
namespace {

double mean_bits(const LikelihoodOf& of, const Evaluation& e) {
  double total = 0, count = 0;
  e.each_batch([&](const Batch& b) { total += sum(of.bits(b)).item(), count += double(b.size); });
  return total / std::max(count, 1.0);
}

// The entropy of the normal distribution with their mean and covariance (divisor: their number), which is -log2 of its density at them on average.
double gaussian_bits(const LikelihoodOf& of, const Evaluation& e) {
  metrics::Columns x;
  e.each_batch([&](const Batch& b) { x.add(flatten(of.levels(b))); });
  const size_t n = x.count(), rows = n ? x.values[0].size() : 0;
  if (rows <= n) return std::numeric_limits<double>::quiet_NaN();
  metrics::Gaussian g{int64_t(n), {}, std::vector<double>(n * n)};
  for (size_t i = 0; i < n; ++i) {
    g.mean.push_back(x.mean(i));
    for (double& v : x.values[i]) v -= g.mean[i];
  }
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j <= i; ++j)
      g.covariance[i * n + j] = g.covariance[j * n + i] = std::inner_product(x.values[i].begin(), x.values[i].end(), x.values[j].begin(), 0.0) / double(rows);
  return 0.5 * (std::log(2 * std::numbers::pi * std::numbers::e) + metrics::log_determinant(g) / double(n)) / std::numbers::ln2;
}

}  // namespace

Tensor whole_levels(const Tensor& x, int64_t bits) {
  const double levels = double(1 << bits);
  return cast(cast(x * (127.5 * levels / 256) + (127.75 * levels / 256), DType::i64), x.dtype());   // 1/4 of a level of 8 bits keeps clear of rounding
}

std::vector<Measure> likelihood_measures(const LikelihoodOf& of) {
  return {{"bits", "-log2 p(x) of a value of unseen pictures; lower is better", [=](const Evaluation& e) { return mean_bits(of, e); }},
          {"gaussian-bits", "the same of the normal distribution that suits those very pictures best; needs more of them than they have values", [=](const Evaluation& e) { return gaussian_bits(of, e); }},
          {"gain", "gaussian-bits less bits; above 0 the model is better than any normal distribution", [=](const Evaluation& e) { return gaussian_bits(of, e) - mean_bits(of, e); }}};
}

Measure independent_measure(const std::function<Tensor(const Batch&)>& levels) {
  return {"independent-bits", "entropy of each value by itself, averaged: bits of the model of independent values that suits those very pictures best", [=](const Evaluation& e) {
            metrics::Columns x;
            e.each_batch([&](const Batch& b) { x.add(flatten(levels(b))); });
            double total = 0;
            for (const auto& column : x.values) {
              std::map<double, double> count;
              for (const double v : column) count[v] += 1;
              for (const auto& [level, n] : count) total -= n / double(column.size()) * std::log2(n / double(column.size()));
            }
            return total / std::max(double(x.count()), 1.0);
          }};
}

Measure neighbours_measure(const std::function<Tensor(const Batch&)>& data, const std::function<Tensor(int64_t n)>& samples) {
  return {"neighbours", "correlation of neighbouring values of samples, how far from the data's relative to it, of neighbours side by side or above one another, whichever is farther; 0 is best", [=](const Evaluation& e) {
            double off = 0;
            std::array<std::array<std::vector<double>, 2>, 4> pairs;   // of data and of samples, along rows and columns
            const auto add = [&](size_t to, const Tensor& x) {
              for (const int axis : {1, 2})
                for (const int64_t shift : {0, 1})
                  std::ranges::copy(slice(x, axis, shift, x.dim(axis) - 1 + shift).to_doubles(), std::back_inserter(pairs[to + size_t(axis) - 1][size_t(shift)]));
            };
            e.each_batch([&](const Batch& b) { add(0, data(b)), add(2, samples(b.size)); });
            for (size_t k : {0, 1}) off = std::max(off, std::abs(metrics::correlation(pairs[2 + k][0], pairs[2 + k][1]) / metrics::correlation(pairs[k][0], pairs[k][1]) - 1));
            return off;
          }};
}

Measure moments_measure(const std::function<Tensor(const Batch&)>& data, const std::function<Tensor(int64_t n)>& samples) {
  return {"moments", "distance of the means of each value of samples from those of the data, over the length of these, or the same of deviations if it is larger; 0 is best",
          [=](const Evaluation& e) {
            metrics::Columns real, made;
            e.each_batch([&](const Batch& b) { real.add(flatten(data(b))), made.add(flatten(samples(b.size))); });
            double means = 0, deviations = 0, mean_length = 0, length = 0;
            for (size_t k = 0; k < real.count(); ++k) {
              const double m = made.mean(k) - real.mean(k), d = made.deviation(k) - real.deviation(k), own = real.deviation(k);
              mean_length += real.mean(k) * real.mean(k);
              means += m * m, deviations += d * d, length += own * own;
            }
            return std::sqrt(std::max(means / std::max(mean_length, 1e-300), deviations / std::max(length, 1e-300)));
          }};
}

}  // namespace ganymede
