// Convolution as matrix products over patches: the R x S x C numbers under one output pixel, copied side by
// side. Plain weights [K, R*S*C] and plain weight gradients then serve as they lie, and few large images need
// no larger tiles.
#pragma once
#include "kernels/cpu/conv2d_narrow.h"

namespace ganymede::kernels::cpu {

// Whether patches are the fastest way (measured: bench_kernels), or in a weight gradient the only one beside loops. Depends on the
// shape alone.
bool prefers_patches(const Conv2d&, ConvRole);

// False, having written nothing, where oneDNN has no fast matrix product.
bool forward_by_patches(const Conv2d&, const void* x, const void* w, void* y, const Epilogue&);
bool weight_gradient_by_patches(const Conv2d&, const void* x, const void* dy, void* dw);

}  // namespace ganymede::kernels::cpu
