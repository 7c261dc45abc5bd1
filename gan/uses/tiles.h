// Large pictures through a network part by part.
#pragma once
#include <functional>

#include "engine/tensor.h"

namespace ganymede {

// f(x) of x [1, H, W, C], f: [1, h, w, C] -> [1, scale h, scale w, C'], computed of parts of tile x tile pixels with at least `border` more around each, as far as there are any, which are
// cut off again: it holds as much memory as a part needs, and equals f(x) where what f sees of a pixel's surroundings lies within the border. tile 0: the whole at once.
Tensor in_tiles(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, int64_t scale, int64_t tile, int64_t border);

}  // namespace ganymede
