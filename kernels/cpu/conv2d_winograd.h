// Convolutions with fewer multiplications: 3x3 and 4x4 of stride 1 with a quarter of them, 4x4 and 5x5 of stride 2 with less than half, where they
// are multiplied in f32; in bf16, twice as fast, with about half. A tile of x and the filter are transformed into points, at each point all
// channels of all tiles are one matrix product, and the result is transformed back. 3x3 of stride 2 goes as a 4x4 one.
#pragma once
#include "kernels/api/conv2d.h"

namespace ganymede::kernels::cpu {

// Whether it serves the problem and is the faster way; never when Winograd is forbidden (conv2d.h).
bool goes_by_winograd(const Conv2d&);

void forward_by_winograd(const Conv2d&, const void* x, const Weight& w, void* y, const Epilogue&);
void data_gradient_by_winograd(const Conv2d&, const void* dy, const Weight& w, void* dx, const Epilogue&);
void weight_gradient_by_winograd(const Conv2d&, const void* x, const void* dy, void* dw);

// Whether transformed bf16 images are multiplied in bf16, as where the processor does, or in f32. Returns what held before. For tests.
bool multiply_bf16_in_winograd(bool bf16);

}  // namespace ganymede::kernels::cpu
