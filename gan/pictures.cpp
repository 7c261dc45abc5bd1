#include "gan/pictures.h"

#include <cmath>

#include "engine/check.h"

namespace ganymede {

std::vector<data::Picture> to_pictures(const Tensor& x) {
  require(x.rank() == 4 && (x.dim(3) == 1 || x.dim(3) == 3), "pictures from a tensor of shape ", x.shape(), ": expected [N, H, W, 1 or 3]");
  const std::vector<float> values = x.to_floats();
  const int64_t each = x.count() / std::max<int64_t>(x.dim(0), 1);
  std::vector<data::Picture> out;
  for (int64_t i = 0; i < x.dim(0); ++i) out.push_back(data::to_picture(values.data() + i * each, x.dim(1), x.dim(2), x.dim(3)));
  return out;
}

data::Picture sheet(const Tensor& x, int64_t columns) {
  data::GridStyle style;
  style.columns = columns ? columns : std::max<int64_t>(1, int64_t(std::ceil(std::sqrt(double(x.dim(0))))));
  style.zoom = x.dim(2) <= 32 ? 2 : 1;
  return data::grid(to_pictures(x), style);
}

int zoom_for(int64_t widest) { return widest <= 100 ? 2 : 1; }

data::Picture side_by_side(const std::vector<Shown>& pictures, int64_t columns) {
  data::GridStyle style;
  style.columns = columns ? columns : int64_t(pictures.size());
  std::vector<data::Picture> cells;
  int64_t widest = 0;
  for (const Shown& s : pictures) {
    style.captions.push_back(s.title);
    cells.push_back(s.picture);
    widest = std::max(widest, s.picture.width);
  }
  style.zoom = zoom_for(widest);
  return data::grid(cells, style);
}

}  // namespace ganymede
