// Which pixels of a picture of few things on an even ground belong to the things.
#pragma once
#include <array>
#include <optional>
#include <vector>

#include "engine/tensor.h"

namespace ganymede {

// Of picture i of x [n, H, W, C] in [-1, 1], row after row: farther than 0.5 from the picture's median colour, gaps of up to 4 pixels filled.
std::vector<bool> what_stands_out(const Tensor& x, int64_t i);
// The mean column and row of the pixels that do, in pixels; nothing where none does.
std::optional<std::array<double, 2>> middle_of(const std::vector<bool>& mask, int64_t width);
// Sum over pictures of the distance between the middles of what stands out in x and in y, in sides; 1 where nothing does.
double moved(const Tensor& x, const Tensor& y);

}  // namespace ganymede
