// How the kernels of this device read x through its border (Conv2d::border).
#pragma once
#include <algorithm>

#include "kernels/api/conv2d.h"

namespace ganymede::kernels::cpu {

// One axis of an image with its border.
struct BorderAxis {
  int extent, pad;
  Padding border;

  // Which pixel stands at i, from -pad on; -1: a zero.
  int own(int i) const {
    if (i >= 0 && i < extent) return i;
    if (border == Padding::zero || i < -pad || i >= extent + pad) return -1;
    if (border == Padding::replicate) return std::clamp(i, 0, extent - 1);
    return i < 0 ? -i : 2 * (extent - 1) - i;
  }
  // Whether the pixels [i, i + count) lie side by side in memory.
  bool has(int i, int count) const { return i >= 0 && i + count <= extent; }
};
inline BorderAxis rows_of(const Conv2d& p) { return {p.h, p.pad_h, p.border}; }
inline BorderAxis columns_of(const Conv2d& p) { return {p.w, p.pad_w, p.border}; }

// to = pixels [column, column + count) of a row of the image, each of so many numbers, zeros where there is none.
template <class From, class To>
void copy_pixels(const BorderAxis& axis, const From* row, int column, int count, int numbers, To* to) {
  if (axis.has(column, count)) {
    std::copy_n(row + int64_t{column} * numbers, int64_t{count} * numbers, to);
    return;
  }
  for (int i = 0; i < count; ++i, to += numbers) {
    const int own = axis.own(column + i);
    if (own < 0) std::fill_n(to, numbers, To{});
    else std::copy_n(row + int64_t{own} * numbers, numbers, to);
  }
}

}  // namespace ganymede::kernels::cpu
