// Convolutions of stride 2 and more, and of one tap, in f32 as plain sums on NHWC as it lies: for each row of the filter, the numbers under
// a chunk of output pixels are copied side by side and multiplied by that row's weights, which are packed where they are multiplied; of many
// weights tap by tap, without the pixels for which the tap lies outside the picture. For the shapes in which Winograd's form saves nothing,
// on processors on which oneDNN is fast on layouts of its own only, so that each call would reorder both images. (Of stride 1 oneDNN is the
// faster all the same where filters have several taps, or many channels.)
#pragma once
#include "kernels/cpu/conv2d_narrow.h"

namespace ganymede::kernels::cpu {

// Whether it serves the problem in this direction and is the faster way. Weight gradients never.
bool goes_directly(const Conv2d&, ConvRole);

void forward_directly(const Conv2d&, const void* x, const void* w, void* y, const Epilogue&);
void data_gradient_directly(const Conv2d&, const void* dy, const void* w, void* dx, const Epilogue&);

}  // namespace ganymede::kernels::cpu
