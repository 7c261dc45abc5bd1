// Multi-layer perceptrons, for points and for models whose sheets have pictures as plain vectors.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct PerceptronSize {
  int in = 2, width = 128, out = 1;
  int hidden = 2;                          // hidden layers
  nn::Layer (*activation)() = nn::relu;
  double deviation = 0;                    // of normal first weights; 0: He's for these fan-ins
};

// [N, in] -> [N, out].
nn::Layer perceptron(const PerceptronSize& s);
// The same up to the last hidden layer: [N, in] -> [N, width].
nn::Layer perceptron_body(const PerceptronSize& s);

inline nn::Layer leaky_relu() { return nn::leaky_relu(0.2); }
inline nn::Layer elu() { return nn::activation(Unary::elu, 1); }

// mu + sigma z, element by element: [N, n] -> [N, n] with 2 n parameters, first 0 and 1.
nn::Layer location_scale(int n);

// A body and a head: net(Tensors{x}) is {head(body(x)), body(x)}, net(x) the first. Parameters are features.NAME and head.NAME.
nn::Layer with_features(nn::Layer body, nn::Layer head);

}  // namespace ganymede::nets
