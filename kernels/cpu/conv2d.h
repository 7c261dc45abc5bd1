// What the rest of the cpu backend needs of its convolutions.
#pragma once
#include <cstddef>

namespace ganymede::kernels::cpu {

// Drops the packed copies of all weights that lie in [begin, begin + bytes). Called before that memory is
// released.
void forget_packed_weights(const void* begin, size_t bytes);

// Whether 3x3 convolutions in f32 may go by Winograd, which is up to 2.6 times as fast and whose relative
// error is about twice that of plain sums (6e-7 with 64 channels). Allowed at first; gradient checks and
// comparisons with others forbid it.
void allow_winograd(bool allowed);

}  // namespace ganymede::kernels::cpu
