#include "gan/nets/location.h"

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede::nets {
namespace {

struct Columns {
  Tensor x, y, width, height, zero;   // [N, 1]
};
Columns columns_of(const Tensor& box) {
  require(box.rank() == 2 && box.dim(1) == 4, "boxes ", box.shape(), ": must be [N, 4]");
  const auto column = [&](int64_t i) { return slice(box, 1, i, i + 1); };
  return {column(0), column(1), column(2), column(3), zeros_like(column(0))};
}
Tensor rows(const Tensors& numbers) { return reshape(concat(numbers, 1), Shape{numbers[0].dim(0), 2, 3}); }
Tensor sampled(const Tensor& map, const Tensor& affine) {
  constexpr bool kCorners = true;   // as in the authors' sampler
  return grid_sample(map, affine_grid(affine, map.dim(1), map.dim(2), kCorners), {.align_corners = kCorners});
}

}  // namespace

Tensor crop_affine(const Tensor& box) {
  const Columns c = columns_of(box);
  return rows({c.width, c.zero, c.x, c.zero, c.height, c.y});
}
Tensor paste_affine(const Tensor& box) {
  const Columns c = columns_of(box);
  return rows({reciprocal(c.width), c.zero, -(c.x / c.width), c.zero, reciprocal(c.height), -(c.y / c.height)});
}
Tensor crop(const Tensor& map, const Tensor& box) { return sampled(map, crop_affine(box)); }
Tensor paste(const Tensor& map, const Tensor& box) { return sampled(map, paste_affine(box)); }

// The cells' numbers are made here: what comes from the host inside an update could not be captured.
KeypointMaps::KeypointMaps(int64_t count, int64_t side) : count_(count), side_(side) {
  std::vector<double> numbers;
  for (int64_t i = 0; i < side; ++i) numbers.push_back(double(i));
  cells_ = tensor(numbers, Shape{1, side, 1}, context().dtype, context().device);
}
Tensor KeypointMaps::operator()(const Tensor& points) const {
  const int64_t n = points.dim(0);
  require(points.shape() == Shape({n, 3 * count_}), "keypoints ", points.shape(), ": must be [N, ", 3 * count_, "]");
  const Tensor each = reshape(points, Shape{n, count_, 3});
  const auto part = [&](int64_t i) { return reshape(slice(each, 2, i, i + 1), Shape{n, 1, count_}); };
  const auto in_cells = [&](const Tensor& x) {   // [N, side, K]
    const Tensor at = clamp(x * double(side_), 0, double(side_) - 0.5);
    return greater_equal(at, cells_) * greater(cells_ + 1.0, at);
  };
  const Tensor column = reshape(in_cells(part(0)), Shape{n, 1, side_, count_}), row = reshape(in_cells(part(1)) * part(2), Shape{n, side_, 1, count_});
  return row * column;
}

Tensor gate_of(const Tensor& maps) { return clamp(sum(maps, {3}, true), 0, 1); }

}  // namespace ganymede::nets
