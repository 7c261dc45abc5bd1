// Weight decay as a term of a loss, for models that spare gains and biases from it.
#pragma once
#include "nn/net.h"

namespace ganymede {

// 1/2 sum of w^2 over the weights of convolutions and linear layers: its gradient is w.
Tensor half_squared_weights(const nn::Net& net);

}  // namespace ganymede
