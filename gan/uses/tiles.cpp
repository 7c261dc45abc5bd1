#include "gan/uses/tiles.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {

Tensor in_tiles(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, int64_t scale, int64_t tile, int64_t border) {
  require(x.rank() == 4 && tile >= 0 && border >= 0, "tiles of ", tile, " with ", border, " around them, of a tensor ", x.shape());
  const int64_t height = x.dim(1), width = x.dim(2);
  if (tile == 0 || (height <= tile && width <= tile)) return f(x);
  // All parts are of one size, so that each finds the memory of the one before; at the sides they reach further in.
  const int64_t part_height = std::min(height, tile + 2 * border), part_width = std::min(width, tile + 2 * border);
  Tensors rows;
  for (int64_t top = 0; top < height; top += tile) {
    const int64_t bottom = std::min(top + tile, height), y = std::clamp<int64_t>(top - border, 0, height - part_height);
    Tensors row;
    for (int64_t left = 0; left < width; left += tile) {
      const int64_t right = std::min(left + tile, width), x0 = std::clamp<int64_t>(left - border, 0, width - part_width);
      const Tensor part = f(slice(slice(x, 1, y, y + part_height), 2, x0, x0 + part_width));
      row.push_back(slice(slice(part, 1, scale * (top - y), scale * (bottom - y)), 2, scale * (left - x0), scale * (right - x0)));
    }
    rows.push_back(row.size() == 1 ? row[0] : concat(row, 2));
  }
  return rows.size() == 1 ? rows[0] : concat(rows, 1);
}

}  // namespace ganymede
