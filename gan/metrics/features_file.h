// Feature networks from files: safetensors that scripts/convert_features.py makes from the public weights.
#pragma once
#include "gan/metrics/feature_network.h"

namespace ganymede::metrics {

// The file's metadata say what it is: format "ganymede features 1", network (inception-v3-fid, inception-v3-torchvision, vgg16, vgg19, alexnet),
// source, reach (taps: its convolutions alone; features: all but the classes; classes, which is also what no entry means), and divisor for the narrow ones of
// tests. Weights of LPIPS ("lpips.0" ... by tap) may be in it. Throws Error naming the file and what does not fit: another format, network, reach, shape,
// dtype, missing or unknown tensors.
FeatureNetwork read_features(const std::string& path);

}  // namespace ganymede::metrics
