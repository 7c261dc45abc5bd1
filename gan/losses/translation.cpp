#include "gan/losses/translation.h"

#include "engine/check.h"
#include "engine/ops.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

double scale_of(const Adversarial& adv) { return adv.name == "lsgan" ? 2 : 1; }

}  // namespace

// Picture i and picture i + k, for k up to N / 2: each two meet once, but for k = N / 2, where half of the places say it all.
Tensor pair_distances(const Tensor& x) {
  const int64_t n = x.dim(0);
  require(n >= 2, "distances between pictures: a batch of ", n, "; it must be 2 or more");
  const Tensor rows = flatten(x);
  Tensors all;
  for (int64_t k = 1; 2 * k <= n; ++k) {
    const int64_t places = 2 * k == n ? k : n;
    const auto first = [&](const Tensor& t) { return places == n ? t : slice(t, 0, 0, places); };
    all.push_back(mean(abs(first(rows) - first(roll(rows, -k))), {1}));
  }
  return concat(all, 0);
}
Tensor half_distances(const Tensor& x) {
  const int64_t half = x.dim(1) / 2;
  require(half * 2 == x.dim(1), "distances between halves: pictures of ", x.dim(1), " rows; the number must be even");
  return mean(abs(slice(x, 1, 0, half) - slice(x, 1, half, 2 * half)), {1, 2, 3});
}
Tensor self_distance(const Tensor& x, const Tensor& y) { return mean(abs(half_distances(x) - half_distances(y))); }

Tensor mean_feature_distance(const Tensors& real, const Tensors& fake) {
  require(!fake.empty() && real.size() == fake.size(), "distance of features: ", real.size(), " layers of real samples, ", fake.size(), " of fake ones");
  Tensor sum;
  for (size_t i = 0; i < fake.size(); ++i) {
    const Tensor d = nn::mse(mean(fake[i], {0}), mean(real[i], {0}).constant());
    sum = sum ? sum + d : d;
  }
  return sum;
}
Tensor isotropic_variation(const Tensor& x) {
  require(x.rank() == 4 && x.dim(1) > 1 && x.dim(2) > 1, "isotropic variation: x ", x.shape(), " must be [N, H, W, C] with at least 2 pixels a side");
  const Tensor in = x.dtype() == DType::bf16 ? cast(x, DType::f32) : x;
  const int64_t h = x.dim(1), w = x.dim(2);
  const auto part = [&](int64_t row, int64_t column) { return slice(slice(in, 1, row, h - 1 + row), 2, column, w - 1 + column); };
  const Tensor at = part(0, 0);
  return sum(sqrt(square(part(0, 1) - at) + square(part(1, 0) - at) + 1e-8)) / double(x.dim(0));
}
Tensor full_g(const Adversarial& adv, const Tensor& fake) { return adv.g(fake) * scale_of(adv); }
Tensor full_d(const Adversarial& adv, const Tensor& real, const Tensor& fake) { return adv.d(real, fake) * scale_of(adv); }

}  // namespace ganymede
