// Where a normalised grid place lies in a picture, and the weights of the four pixels around it, as PyTorch's
// grid_sample has them. A is float or double.
#pragma once
#include "kernels/api/grid_sample.h"
#include "kernels/device/math.h"
#include "kernels/simt/simt.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// One axis: pixels low and low + 1 with weights 1 - share and share; slope = d place / d grid.
template <class A>
struct AxisPlace {
  int low;
  A share, slope;
};

// To the nearest integer, halves to even.
__device__ inline int nearest_pixel(float place) { return static_cast<int>(::rintf(place)); }
__device__ inline int nearest_pixel(double place) { return static_cast<int>(::rint(place)); }

// A coordinate and its derivative by the one it came from.
template <class A>
struct Folded {
  A value, slope;
};

// Mirrored at low and low + span, without end.
template <class A>
__device__ inline Folded<A> mirror(A place, A low, A span) {
  if (span <= A(0)) return {A(0), A(0)};
  const A from_low = place - low, distance = math::abs(from_low);
  const A turns = math::floor(distance / span), rest = distance - turns * span;
  const bool odd = turns - A(2) * math::floor(turns / A(2)) != A(0);
  return {(odd ? span - rest : rest) + low, (from_low < A(0)) != odd ? A(-1) : A(1)};
}

template <class A>
__device__ inline AxisPlace<A> axis_place(const GridSample& s, A grid, int size) {
  Folded<A> at = s.align_corners ? Folded<A>{(grid + A(1)) / A(2) * A(size - 1), A(size - 1) / A(2)}
                                 : Folded<A>{((grid + A(1)) * A(size) - A(1)) / A(2), A(size) / A(2)};
  if (s.border == SampleBorder::reflect) {
    const Folded<A> inside =
        s.align_corners ? mirror(at.value, A(0), A(size - 1)) : mirror(at.value, A(-0.5), A(size));
    at = {inside.value, at.slope * inside.slope};
  }
  if (s.border != SampleBorder::zeros) {
    if (!(at.value > A(0))) at = {A(0), A(0)};  // NaN too
    if (at.value >= A(size - 1)) at = {A(size - 1), A(0)};
  }
  // Beyond any picture, or NaN: a place that no pixel is near.
  if (!(math::abs(at.value) < A(1 << 30))) at = {A(-100), A(0)};
  if (s.mode == SampleMode::nearest) return {nearest_pixel(at.value), A(0), A(0)};
  const A low = math::floor(at.value);
  return {static_cast<int>(low), at.value - low, at.slope};
}

// The weights of the four pixels in S(x, g), or in J(x, g, v).
template <class A>
struct Corners {
  int row, column;  // of the first
  A weight[2][2];   // [row][column]
  A slope_x, slope_y, share_x, share_y;
  __device__ bool counts(const GridSample& s, int i, int j) const {
    return weight[i][j] != A(0) && inside(s, i, j);
  }
  __device__ bool inside(const GridSample& s, int i, int j) const {
    return row + i >= 0 && row + i < s.h && column + j >= 0 && column + j < s.w;
  }
};

// grid and direction: the pixel's two numbers; direction may be null.
template <class A>
__device__ inline Corners<A> corners_of(const GridSample& s, const A* grid, const A* direction) {
  const AxisPlace<A> x = axis_place(s, grid[0], static_cast<int>(s.w)),
                     y = axis_place(s, grid[1], static_cast<int>(s.h));
  Corners<A> c{y.low, x.low, {}, x.slope, y.slope, x.share, y.share};
  const A wx[2] = {A(1) - x.share, x.share}, wy[2] = {A(1) - y.share, y.share};
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 2; ++j) {
      const A sign_y = i ? A(1) : A(-1), sign_x = j ? A(1) : A(-1);
      c.weight[i][j] = direction
                           ? direction[0] * x.slope * sign_x * wy[i] + direction[1] * y.slope * wx[j] * sign_y
                           : wx[j] * wy[i];
    }
  }
  return c;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
