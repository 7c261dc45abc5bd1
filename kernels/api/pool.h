// Max pooling. The positions of the maxima make it linear: its gradient and the gradient's gradient are the two maps
// `scatter` and `gather` along them, adjoint to one another.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

// Window (p, q) covers rows p*stride_h - pad_h + r*dilation_h, r < size_h, and columns alike; places outside do not count.
struct MaxPool {
  int64_t n;
  int h, w, c;             // x [N, H, W, C]
  int p, q;                // y [N, P, Q, C]
  int size_h, size_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
  DType dtype;             // f32, bf16 or f64
};

struct PoolKernels {
  // index [N, P, Q, C]: row * W + column of the first of the largest; NaN counts as the largest. A window that lies wholly
  // outside is an error of the caller.
  void (*max)(Stream, const MaxPool&, const void* x, void* y, int32_t* index);
  // dx[n,i,j,c] = sum of g over the windows whose index is (i, j), in their order.
  void (*scatter)(Stream, const MaxPool&, const int32_t* index, const void* g, void* dx);
  // y[n,p,q,c] = x at the window's index.
  void (*gather)(Stream, const MaxPool&, const int32_t* index, const void* x, void* y);
};

}  // namespace ganymede::kernels
