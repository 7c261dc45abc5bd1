// One kind of several, drawn for each sample.
#pragma once
#include "engine/tensor.h"

namespace ganymede {

// Weights [n, 1, 1, 1] for each of two or three kinds: in each sample 1 for one of them, any with the same chance, and 0 for the others.
Tensors drawn_kind(int64_t n, int64_t kinds);

}  // namespace ganymede
