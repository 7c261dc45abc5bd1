// The networks of spatial transformer networks (Jaderberg et al. 2015), without norms: what says how a picture is to be transformed, and what names its class.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct StnSize {
  int height = 32, width = 32, channels = 1;
};

// Pictures [N, H, W, C] to [N, features].
struct Localisation {
  nn::Layer layers;
  int features;
};
// Max pooling by 2, convolution 5x5, max pooling by 2, convolution 5x5 without padding, of `filters` each, and a linear layer to 20, all with relu. UsageError below 28 pixels.
Localisation stn_convolutional_localisation(const StnSize& s, int filters);
// Three linear layers of `units` with relu.
Localisation stn_linear_localisation(const StnSize& s, int units);

// To logits [N, classes]. Two times (convolution 5x5, relu, max pooling by 2), of `filters` and twice as many, then linear layers to `units` and to the classes. UsageError below 4 pixels.
nn::Layer stn_convolutional_classifier(const StnSize& s, int filters, int units, int classes);
// Two linear layers of `units` with relu, and one to the classes.
nn::Layer stn_linear_classifier(const StnSize& s, int units, int classes);

}  // namespace ganymede::nets
