// What the rest of the cpu backend needs of its convolutions.
#pragma once
#include <cstddef>

namespace ganymede::kernels::cpu {

// Drops the packed copies of all weights that lie in [begin, begin + bytes). Called before that memory is released.
void forget_packed_weights(const void* begin, size_t bytes);

}  // namespace ganymede::kernels::cpu
