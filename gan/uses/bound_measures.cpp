#include "gan/uses/bound_measures.h"

#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "gan/recipe.h"

namespace ganymede {
namespace {

Tensor each_sum(const Tensor& x) { return sum(flatten(x), {1}); }  // [N]
// KL(q || N(0, 1)) of each element of z, [N, L].
Tensor divergence(const nets::Posterior& q) { return (q.logvar - square(q.mean) - exp(q.logvar) + 1.0) * -0.5; }

// The mean over the test samples of what `each` says of them, [N].
std::function<double(const Evaluation&)> average(const BoundOf& of, const std::function<Tensor(const Tensor& x)>& each) {
  return [=](const Evaluation& e) {
    double total = 0, count = 0;
    e.each_batch([&](const Batch& b) { total += sum(each(of.seen(b))).item(), count += double(b.size); });
    return total / std::max(count, 1.0);
  };
}

// -(the bound) with one z for each sample, [N].
Tensor shortfall(const BoundOf& of, const Tensor& x) {
  const nets::Posterior q = of.encode(x);
  return of.cost(x, q.draw()) + each_sum(divergence(q));
}

Tensor likelihood(const BoundOf& of, const Tensor& x) {
  constexpr int kDraws = 100;
  const nets::Posterior q = of.encode(x);
  Tensors weights;
  for (int k = 0; k < kDraws; ++k) {
    const Tensor eps = randn(q.mean.shape()), z = q.mean + exp(q.logvar * 0.5) * eps;
    const Tensor log_ratio = each_sum((square(eps) + q.logvar - square(z)) * 0.5);  // log p(z) - log q(z | x)
    weights.push_back(reshape(log_ratio - of.cost(x, z), Shape{x.dim(0), 1}));
  }
  return logsumexp(concat(weights, 1), {1}) - std::log(double(kDraws));
}

double gain(const BoundOf& of, const Evaluation& e) {
  double total = 0, count = 0;
  std::vector<double> level;
  e.each_batch([&](const Batch& b) {
    const Tensor x = of.seen(b);
    total += sum(shortfall(of, x)).item(), count += double(b.size);
    const auto sums = sum(flatten(x), {0}).to_doubles();
    level.resize(sums.size());
    for (size_t i = 0; i < sums.size(); ++i) level[i] += sums[i];
  });
  double independent = 0;
  for (const double v : level) {
    const double p = std::clamp(v / count, 1e-6, 1 - 1e-6);
    independent -= p * std::log(p) + (1 - p) * std::log(1 - p);
  }
  return 1 - total / count / independent;
}

double active(const BoundOf& of, const Evaluation& e) {
  std::vector<double> kl;
  double count = 0;
  e.each_batch([&](const Batch& b) {
    const auto v = sum(divergence(of.encode(of.seen(b))), {0}).to_doubles();
    kl.resize(v.size());
    for (size_t i = 0; i < kl.size(); ++i) kl[i] += v[i];
    count += double(b.size);
  });
  return double(std::count_if(kl.begin(), kl.end(), [&](double v) { return v / count > 0.01; }));
}

}  // namespace

std::vector<Measure> bound_measures(const BoundOf& of, bool coins) {
  std::vector<Measure> out{{"bound", "E log p(x | z) - KL(q(z|x) || N(0, 1)), one z for each sample, nats a sample; larger is better",
                            average(of, [=](const Tensor& x) { return -shortfall(of, x); })}};
  if (coins)
    out.push_back({"bound-gain", "1 - bound / log likelihood of independent pixels with the means of the samples looked at; 0: no gain", [=](const Evaluation& e) { return gain(of, e); }});
  out.push_back({"likelihood", "log 1/K sum_k p(x, z_k) / q(z_k | x), K = 100 draws from the encoder, nats a sample; larger is better",
                 average(of, [=](const Tensor& x) { return likelihood(of, x); })});
  out.push_back({"active", "elements of z whose KL divergence from the prior is above 0.01 nats on average", [=](const Evaluation& e) { return active(of, e); }});
  return out;
}

}  // namespace ganymede
