// A small convolutional classifier that is trained on a data set's own labels, for measures that need no download.
#pragma once
#include <memory>

#include "gan/nets/feature_module.h"

namespace ganymede::nets {

constexpr int kClassifierSize = 32;      // larger pictures are reduced to this, bilinear with antialiasing
constexpr int kClassifierFeatures = 128;

// Input [N, size, size, channels] in [-1, 1], at least 8 pixels. Three times (convolution 3x3, batch norm, relu, max pooling by 2): 32, 64, 128
// channels; a linear layer to 128 features with batch norm and relu; dropout (keep 0.6); a linear layer. Taps: after each relu of a convolution.
std::shared_ptr<FeatureModule> classifier(int size, int channels, int classes);

}  // namespace ganymede::nets
