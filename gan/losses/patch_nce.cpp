#include "gan/losses/patch_nce.h"

#include <numeric>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {

Places::Places(int64_t all, int64_t count) : all_(all), count_(count) {
  if (all > count) return;
  std::vector<int64_t> numbers(static_cast<size_t>(all));
  std::iota(numbers.begin(), numbers.end(), int64_t{0});
  everywhere_ = tensor(numbers, Shape{all}, context().device);
}

Tensor Places::draw() const { return everywhere_ ? everywhere_ : random_integers({count_}, all_); }

Tensor at_places(const Tensor& maps, const Tensor& places) {
  const int64_t n = maps.dim(0), c = maps.dim(3);
  const Tensor rows = permute(reshape(maps, Shape{n, maps.dim(1) * maps.dim(2), c}), {1, 0, 2});
  return permute(gather_rows(rows, places), {1, 0, 2});
}

Tensor of_unit_length(const Tensor& x) {
  const Tensor full = x.dtype() == DType::bf16 ? cast(x, DType::f32) : x;
  return full / (norm(full, {-1}, true) + 1e-7);
}

Tensor patch_nce(const Tensor& q, const Tensor& given, const Tensor& places, double temperature) {
  const int64_t n = q.dim(0), s = q.dim(1);
  require(q.shape() == given.shape() && places.shape() == Shape{s}, "patch_nce: queries ", q.shape(), ", keys ", given.shape(), ", places ", places.shape());
  const Tensor k = given.constant(), at = cast(places, q.dtype());
  const Tensor own = sum(q * k, {2}, true) / temperature, all = matmul(q, k, false, true) / temperature;
  // Far below what unit vectors can give: exp of it is 0.
  const Tensor same = equal(reshape(at, Shape{1, s, 1}), reshape(at, Shape{1, 1, s})) * (-10 / temperature - 1e3);
  return -mean(reshape(slice(log_softmax(concat({own, all + same}, 2)), 2, 0, 1), Shape{n, s}), {1});
}

}  // namespace ganymede
