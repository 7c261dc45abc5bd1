#include "engine/ops/scaled_conv.h"

#include "engine/check.h"
#include "engine/ops/resample.h"
#include "engine/ops/shape.h"

namespace ganymede {
namespace {

void check_filter(const char* op, const Tensor& w) {
  require(w.rank() == 4 && w.dim(1) % 2 == 1 && w.dim(2) % 2 == 1, op, ": w ", w.shape(), " must be [K, R, S, C] with odd R and S");
}

// Stride 2, and the padding of the filter before it was widened.
ConvOptions halving(const char* op, const Tensor& filter) {
  require(filter.rank() == 4 && filter.dim(1) % 2 == 0 && filter.dim(2) % 2 == 0, op, ": filter ", filter.shape(), " must be one tap wider than an odd one");
  return {{2, 2}, {int(filter.dim(1)) / 2 - 1, int(filter.dim(2)) / 2 - 1}};
}

}  // namespace

Tensor upsample_filter(const Tensor& w) {
  check_filter("upsample_filter", w);
  return reversed_pair_sums(permute(w, {3, 1, 2, 0}));
}

Tensor upsample_conv2d(const Tensor& x, const Tensor& filter, const Tensor& bias, const Activation& f, const Tensor& residual) {
  return conv_transpose2d(x, filter, bias, halving("upsample_conv2d", filter), f, residual);
}

Tensor mean_pool_filter(const Tensor& w) {
  check_filter("mean_pool_filter", w);
  return average_pool(w, {{2, 2}, {1, 1}, {1, 1}});
}

Tensor conv2d_mean_pool(const Tensor& x, const Tensor& filter, const Tensor& bias, const Activation& f, const Tensor& residual) {
  return conv2d(x, filter, bias, halving("conv2d_mean_pool", filter), f, residual);
}

}  // namespace ganymede
