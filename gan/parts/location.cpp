#include "gan/parts/location.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {

Location::Location(Kind kind, const DataFacts& data) : kind_(kind), keypoints_(data.keypoints), width_(double(data.width)), height_(double(data.size)) {
  if (kind == Kind::keypoints && keypoints_ < 1) throw UsageError("setting location=keypoints: these data have none; try --data shapes:objects=1");
}

Tensor Location::of(const Batch& b) const {
  const auto column = [](const Tensor& x, int64_t i) { return slice(x, x.rank() - 1, i, i + 1); };
  if (kind_ == Kind::keypoints) {
    const Tensor k = cast(b["keypoints"], context().dtype).constant(), seen = column(k, 2);
    return reshape(concat({column(k, 0) / width_ * seen, column(k, 1) / height_ * seen, seen}, 2), Shape{b.size, 3 * keypoints_});
  }
  const Tensor all = cast(b["boxes"], context().dtype).constant(), box = reshape(slice(all, 1, 0, 1), Shape{b.size, 5});
  const Tensor left = column(box, 1) / width_, top = column(box, 2) / height_, right = column(box, 3) / width_, bottom = column(box, 4) / height_;
  const auto extent = [](const Tensor& low, const Tensor& high, double pixels) { return clamp(high - low, 1 / pixels, 1e3); };
  return concat({left + right - 1.0, top + bottom - 1.0, extent(left, right, width_), extent(top, bottom, height_)}, 1);
}

Tensor Location::rows(const std::vector<Box>& boxes) const {
  std::vector<double> v;
  for (const Box& b : boxes) v.insert(v.end(), {b.left + b.right - 1, b.top + b.bottom - 1, b.width(), b.height()});
  return tensor(v, Shape{int64_t(boxes.size()), 4}, context().dtype, context().device);
}

std::vector<Box> Location::boxes(const Tensor& rows) const {
  const auto v = rows.to_doubles();
  std::vector<Box> all;
  for (size_t at = 0; at < v.size(); at += size_t(length())) {
    if (kind_ == Kind::box) {
      const double x = (v[at] + 1) / 2, y = (v[at + 1] + 1) / 2, w = v[at + 2] / 2, h = v[at + 3] / 2;
      all.push_back({x - w, y - h, x + w, y + h});
      continue;
    }
    Box box{1, 1, 0, 0};
    for (size_t k = at; k < at + size_t(length()); k += 3)
      if (v[k + 2] > 0.5) box = {std::min(box.left, v[k]), std::min(box.top, v[k + 1]), std::max(box.right, v[k]), std::max(box.bottom, v[k + 1])};
    all.push_back(box.right < box.left ? Box{} : box);
  }
  return all;
}

Tensor Location::moved(const Tensor& from, const std::vector<Box>& to) const {
  if (kind_ == Kind::box) return rows(to);
  const std::vector<Box> before = boxes(from);
  require(before.size() == to.size(), "locations moved: ", before.size(), " rows and ", to.size(), " boxes");
  auto v = from.to_doubles();
  const auto place = [](double x, double low, double extent, double new_low, double new_extent) { return std::clamp(extent > 0 ? new_low + (x - low) / extent * new_extent : new_low + new_extent / 2, 0.0, 1.0); };
  for (size_t i = 0; i < to.size(); ++i)
    for (size_t k = i * size_t(length()); k < (i + 1) * size_t(length()); k += 3)
      if (v[k + 2] > 0.5) v[k] = place(v[k], before[i].left, before[i].width(), to[i].left, to[i].width()), v[k + 1] = place(v[k + 1], before[i].top, before[i].height(), to[i].top, to[i].height());
  return tensor(v, from.shape(), from.dtype(), from.device());
}

}  // namespace ganymede
