// 4x4 convolution of stride 2 in f32 with 9/16 of the multiplications. The even and odd rows and columns of x
// are four images on which the filter is a 2x2 one of stride 1, and those go by Winograd F(2x2, 2x2), whose
// transforms only add: 9 instead of 16 products for 2x2 outputs, summed over the four images and all channels
// as one matrix product for each of the 9.
#pragma once
#include "kernels/cpu/conv2d_narrow.h"

namespace ganymede::kernels::cpu {

// Whether it serves the problem and is the faster way; never when Winograd is forbidden (conv2d.h).
bool goes_by_phases(const Conv2d&, ConvRole);

void forward_by_phases(const Conv2d&, const void* x, const Weight& w, void* y, const Epilogue&);
void data_gradient_by_phases(const Conv2d&, const void* dy, const Weight& w, void* dx, const Epilogue&);
bool weight_gradient_by_phases(const Conv2d&, const void* x, const void* dy,
                               void* dw);  // false: no fast matrix product

}  // namespace ganymede::kernels::cpu
