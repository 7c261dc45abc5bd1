// Max pooling over windows given by two axes (resample.h; their weights are not read), so that it serves every kernel, stride,
// padding and the adaptive form.
#pragma once
#include "kernels/api/resample.h"

namespace ganymede::kernels {

struct MaxPoolKernels {
  // y[n,p,q,c] = max over the window, position[n,p,q,c] = h * W + w of the first of the largest, in row-major order; NaN counts
  // as larger than any number. An empty window gives -inf and position -1.
  void (*forward)(Stream, const Resample&, const void* x, void* y, int32_t* position);
  // The adjoint for fixed positions: dx[n,h,w,c] = sum of dy[n,p,q,c] over the windows whose position is (h, w). The problem holds
  // the transposed axes: rows.in = P, rows.out = H.
  void (*gradient)(Stream, const Resample& transposed, const void* dy, const int32_t* position, void* dx);
  // The gradient of `gradient`: y[n,p,q,c] = x[n, position[n,p,q,c], c], 0 where position is -1. Needs only sizes of the axes.
  void (*pick)(Stream, const Resample&, const void* x, const int32_t* position, void* y);
};

}  // namespace ganymede::kernels
