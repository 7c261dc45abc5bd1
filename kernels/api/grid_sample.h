// Bilinear sampling of pictures at given places (Jaderberg et al. 2015, spatial transformer networks), with the gradients of
// any order: sampling is linear in x, and bilinear in the place within a cell.
// Places are normalised: (-1, -1) to (1, 1) spans the centres of the corner pixels (align_corners) or their outer corners.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

struct GridSample {
  int64_t n;
  int h, w, c;            // x [N, H, W, C]
  int p, q;               // grid [N, P, Q, 2] = (horizontal, vertical), y [N, P, Q, C]
  bool align_corners;
  bool border;            // places outside: false: zeros, true: moved to the border (their derivative is then 0)
  DType dtype;            // of x, y; the grid is f32 (f64 when dtype is f64)
};

// With v [N, P, Q, 2] (null: none) each function below becomes its derivative with respect to the grid in direction v.
struct GridSampleKernels {
  // y = x at the grid's places; with v: sum_k v_k * dy/dgrid_k.
  void (*sample)(Stream, const GridSample&, const void* x, const void* grid, const void* v, void* y);
  // The adjoint of sample in x: dx from g [N, P, Q, C]. Sums in 64-bit fixed point, so that their order does not matter.
  void (*scatter)(Stream, const GridSample&, const void* g, const void* grid, const void* v, void* dx, void* workspace);
  // dgrid_k = sum_c g * dy/dgrid_k; with v: sum_l v_l * d(dgrid_k)/dgrid_l.
  void (*grid_gradient)(Stream, const GridSample&, const void* x, const void* g, const void* grid, const void* v, void* dgrid);
  size_t (*scatter_workspace)(const GridSample&);
};

}  // namespace ganymede::kernels
