// Convolution by plain loops: every problem, f64 included; the oracle of the tests.
#pragma once
#include "kernels/api/conv2d.h"

namespace ganymede::kernels::cpu {

void forward_by_loops(const Conv2d&, const void* x, const void* w, void* y, const Epilogue&);
void data_gradient_by_loops(const Conv2d&, const void* dy, const void* w, void* dx, const Epilogue&);
void weight_gradient_by_loops(const Conv2d&, const void* x, const void* dy, void* dw);

}  // namespace ganymede::kernels::cpu
