#include "gan/losses/translation.h"

#include "engine/check.h"
#include "engine/ops.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

Tensor halves_apart(const Tensor& x) {
  const int64_t half = x.dim(1) / 2;
  require(half * 2 == x.dim(1), "distances between halves: pictures of ", x.dim(1), " rows; the number must be even");
  return mean(abs(slice(x, 1, 0, half) - slice(x, 1, half, 2 * half)), {1, 2, 3});
}

double scale_of(const Adversarial& adv) { return adv.name == "lsgan" ? 2 : 1; }

}  // namespace

Tensor self_distance(const Tensor& x, const Tensor& y) { return mean(abs(halves_apart(x) - halves_apart(y))); }
Tensor mean_feature_distance(const Tensors& real, const Tensors& fake) {
  require(!fake.empty() && real.size() == fake.size(), "distance of features: ", real.size(), " layers of real samples, ", fake.size(), " of fake ones");
  Tensor sum;
  for (size_t i = 0; i < fake.size(); ++i) {
    const Tensor d = nn::mse(mean(fake[i], {0}), mean(real[i], {0}).constant());
    sum = sum ? sum + d : d;
  }
  return sum;
}
Tensor full_g(const Adversarial& adv, const Tensor& fake) { return adv.g(fake) * scale_of(adv); }
Tensor full_d(const Adversarial& adv, const Tensor& real, const Tensor& fake) { return adv.d(real, fake) * scale_of(adv); }

}  // namespace ganymede
