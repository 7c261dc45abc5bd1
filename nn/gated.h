// Layers that weigh what they make.
#pragma once
#include "nn/layers.h"

namespace ganymede::nn {

// f(value(x)) * sigmoid(gate(x)): the second says at each place and of each channel how much of the first counts, so that a network learns by itself what it is to take
// from pixels that are missing (gated convolution, Yu et al. 2019, arXiv 1806.03589, equation 2). Both make the same shape of x.
Layer gated(Layer value, Layer gate, const Activation& f);

}  // namespace ganymede::nn
