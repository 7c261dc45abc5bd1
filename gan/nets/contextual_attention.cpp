#include "gan/nets/contextual_attention.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::nets {
namespace {

// Beside each other in channels, what lies at each place and up to side - 1 places below and to the right: [N, h, w, C] -> [N, h - side + 1, w - side + 1, side^2 C].
Tensor windows(const Tensor& x, int64_t side) {
  const int64_t h = x.dim(1) - side + 1, w = x.dim(2) - side + 1;
  Tensors parts;
  for (int64_t i = 0; i < side; ++i)
    for (int64_t j = 0; j < side; ++j) parts.push_back(slice(slice(x, 1, i, i + h), 2, j, j + w));
  return concat(parts, 3);
}

// Its adjoint: every part is added where it comes from.
Tensor overlaid(const Tensor& x, int64_t side) {
  const int64_t channels = x.dim(3) / (side * side);
  Tensor sum;
  for (int64_t i = 0; i < side; ++i)
    for (int64_t j = 0; j < side; ++j) {
      const int64_t at = (i * side + j) * channels;
      const Tensor part = pad_zero(slice(x, 3, at, at + channels), {0, i, j, 0}, {0, side - 1 - i, side - 1 - j, 0});
      sum = sum ? sum + part : part;
    }
  return sum;
}

Tensor framed(const Tensor& x) { return pad_zero(x, {0, 1, 1, 0}, {0, 1, 1, 0}); }
Tensor in_a_row(const Tensor& x) { return reshape(x, Shape{x.dim(0), x.dim(1) * x.dim(2), x.dim(3)}); }

// s[i, j] and its neighbours s[i - 1, j - 1] and s[i + 1, j + 1] added up, for places i and patches j in rows; [N, places, patches].
Tensor along_diagonals(const Tensor& s) {
  const int64_t n = s.dim(1), m = s.dim(2);
  const Tensor before = pad_zero(slice(slice(s, 1, 0, n - 1), 2, 0, m - 1), {0, 1, 1}, {0, 0, 0});
  const Tensor behind = pad_zero(slice(slice(s, 1, 1, n), 2, 1, m), {0, 0, 0}, {0, 1, 1});
  return s + before + behind;
}

// Both numbered column by column instead of row by row; of an h x w grid.
Tensor by_columns(const Tensor& s, int64_t h, int64_t w) {
  return reshape(permute(reshape(s, Shape{s.dim(0), h, w, h, w}), {0, 2, 1, 4, 3}), Shape{s.dim(0), h * w, h * w});
}

}  // namespace

Tensor contextual_weights(const Tensor& x, const Tensor& hole, double scale) {
  require(x.rank() == 4 && x.dim(1) % 2 == 0 && x.dim(2) % 2 == 0, "contextual attention: maps of ", x.shape().str(), "; their height and width are even");
  require(hole.shape() == (Shape{x.dim(0), x.dim(1), x.dim(2), 1}), "contextual attention: a hole of ", hole.shape().str(), " beside maps of ", x.shape().str());
  const int64_t h = x.dim(1) / 2, w = x.dim(2) / 2;
  const Tensor patches = in_a_row(windows(framed(resize_nearest(x, h, w)), 3));
  const Tensor likeness = matmul(patches, patches / maximum(norm(patches, {2}, true), full({1}, 1e-4, x.dtype(), x.device())), false, true);
  const Tensor fused = by_columns(along_diagonals(by_columns(along_diagonals(likeness), h, w)), w, h);
  const Tensor touched = greater(sum(in_a_row(windows(framed(resize_nearest(hole, h, w)), 3)), {2}), full({1}, 0, hole.dtype(), hole.device()));
  return softmax(fused * scale - 1e4 * reshape(touched, Shape{x.dim(0), 1, h * w}), 2);
}

Tensor contextual_attention(const Tensor& x, const Tensor& hole, double scale) {
  const Tensor weights = contextual_weights(x, hole, scale);
  const Tensor patches = windows(pixel_unshuffle(framed(x), 2), 2);   // 4x4, one every two places
  const Tensor placed = reshape(matmul(weights, in_a_row(patches)), patches.shape());
  const Tensor y = pixel_shuffle(overlaid(placed, 2), 2);
  return slice(slice(y, 1, 1, 1 + x.dim(1)), 2, 1, 1 + x.dim(2)) * 0.25;
}

}  // namespace ganymede::nets
