// Sampling an image at given places (spatial transformers; Jaderberg et al. 2015), with both gradients and their gradients.
//   S(x, g)     y[n,p,q,c]  = sum_{i,j} w(i - gy) w(j - gx) x[n,i,j,c], w the tent (bilinear) or the box (nearest)
//   J(x, g, v)  = dS/dg in the direction v, pixel by pixel: linear in x and in v
// Closed under differentiation up to the second order of S:
//   sample          S(x, g) or, with a direction, J(x, g, v)
//   data_gradient   the adjoint of either in x
//   grid_gradient   the gradient of <dy, S(x, g)> or of <dy, J(x, g, v)> by g
// The gradient of grid_gradient(dy, x, g) against v is J(x, g, v) by dy, the adjoint of J by x, and grid_gradient with v by g.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

enum class SampleMode : uint8_t { nearest, bilinear };
// Where the grid leaves the picture: zeros are read, the place is clamped to the border, or it is mirrored there.
enum class SampleBorder : uint8_t { zeros, clamp, reflect };

// As PyTorch's grid_sample: (gx, gy) in [-1, 1] spans the width and height, from the centres (align_corners) or the outer edges
// of the border pixels. Nearest rounds halves to even.
struct GridSample {
  int64_t n, h, w, c;      // x [N, H, W, C]
  int64_t p, q;            // grid and direction [N, P, Q, 2], (gx, gy); y [N, P, Q, C]
  SampleMode mode;
  SampleBorder border;
  bool align_corners;
  DType dtype;             // of x, y, dx, dy: f32, bf16 (computed in f32), f64; grids and dgrid are f32 (f64 when dtype is f64)
};

struct GridSampleKernels {
  // direction null: S, else J. J is 0 where the mode is nearest, and in the direction in which the border holds the place.
  void (*sample)(Stream, const GridSample&, const void* x, const void* grid, const void* direction, void* y);
  // dx, every element written, summed in an order that the shape and the grid fix.
  void (*data_gradient)(Stream, const GridSample&, const void* dy, const void* grid, const void* direction, void* dx, void* workspace);
  size_t (*workspace_bytes)(const GridSample&);   // of data_gradient
  void (*grid_gradient)(Stream, const GridSample&, const void* x, const void* dy, const void* grid, const void* direction, void* dgrid);
};

}  // namespace ganymede::kernels
