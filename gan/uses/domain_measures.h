// Whether two generated pictures belong together, of models that draw one in each of two domains.
#pragma once
#include <utility>

#include "gan/use.h"

namespace ganymede {

// pairs-outlines and pairs-negative: the share of pixels in which b agrees with what the data make of a, either light or dark; with
// -shuffled, with the a of another sample. `draw` gives n pictures a and their b, pixels in [0, 1].
std::vector<Measure> pair_agreement(const std::function<std::pair<Tensor, Tensor>(int64_t n)>& draw);

}  // namespace ganymede
