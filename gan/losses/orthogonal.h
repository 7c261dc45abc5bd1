// Orthogonal regularisation.
#pragma once
#include "nn/net.h"

namespace ganymede {

// The sum over the net's weights of two axes or more, but those named, of |W W^T o (1 - I)|^2, where a row of W is all that makes one output: by how much rows point
// the same way, of whatever length (Brock et al. 2019, eq. 3, whose W is this one transposed). One element, 0 where rows are orthogonal, to rounding. Error if
// there is no weight of one of the names ("shared.weight").
Tensor orthogonal_penalty(const nn::Net& net, const std::vector<std::string>& without = {});

}  // namespace ganymede
