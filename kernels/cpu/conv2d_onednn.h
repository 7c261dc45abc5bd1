// Convolution by oneDNN, f32 and bf16. Each returns false, having written nothing, where oneDNN has no fast
// kernel.
#pragma once
#include "kernels/cpu/conv2d_narrow.h"

namespace ganymede::kernels::cpu {

bool forward_by_onednn(const Conv2d&, const void* x, const Weight& w, void* y, const Epilogue&);
bool data_gradient_by_onednn(const Conv2d&, const void* dy, const Weight& w, void* dx, const Epilogue&);
bool weight_gradient_by_onednn(const Conv2d&, const void* x, const void* dy, void* dw);

// oneDNN's weight gradient of one tap writes beyond its memory where steps are wider than a pixel and the channels of x fill no vector
// (github.com/uxlfoundation/oneDNN, issue 6035).
bool onednn_overruns(const Conv2d&);
// Its weight gradient in bf16 of one channel that a filter of five columns or more passes in steps adds, at some widths (image and padding
// 17 to 20), what it never wrote.
bool onednn_misreads(const Conv2d&);

}  // namespace ganymede::kernels::cpu
