// What the rest of the cpu backend needs of its convolutions.
#pragma once
#include <cstddef>

namespace ganymede::kernels::cpu {

// Drops the packed copies of all weights that lie in [begin, begin + bytes). Called before that memory is
// released.
void forget_packed_weights(const void* begin, size_t bytes);

// Whether convolutions in f32 may go by Winograd (conv2d_winograd.h), which is up to four times as fast. Its relative error with 64
// channels is 1e-6 to 2.4e-6, plain sums have 2e-7 to 8e-7. Allowed at first; gradient checks and comparisons with others forbid it.
void allow_winograd(bool allowed);

}  // namespace ganymede::kernels::cpu
