// Convolution where one of the two images has few channels (pictures). oneDNN rounds channels up to 16 there
// and loses most of its speed; these kernels round up the number of taps times channels instead.
#pragma once
#include "kernels/api/conv2d.h"

namespace ganymede::kernels::cpu {

enum class ConvRole : int { forward, data_gradient, weight_gradient };

// Whether one of the kernels below serves the problem in this direction. They are there where they win: the
// gradients of a convolution that reads few channels; forward and weight gradient of one that writes few
// (stride 1).
bool is_narrow(const Conv2d&, ConvRole);

void forward_narrow(const Conv2d&, const void* x, const void* w, void* y, const Epilogue&);
void data_gradient_narrow(const Conv2d&, const void* dy, const void* w, void* dx, const Epilogue&);
void weight_gradient_narrow(const Conv2d&, const void* x, const void* dy, void* dw);  // dw f32

}  // namespace ganymede::kernels::cpu
