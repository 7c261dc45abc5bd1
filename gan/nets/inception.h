// Inception-v3 (Szegedy et al. 2015, arXiv 1512.00567) as it is used to measure. Parameters have the names of the PyTorch files.
#pragma once
#include <memory>

#include "gan/nets/feature_module.h"

namespace ganymede::nets {

// fid: the network of 2015-12-05 whose weights published FIDs use: average pools leave the padding out, the last block
// pools by maximum, 1008 logits without bias. torchvision: average pools count the padding everywhere, 1000 logits with bias.
enum class InceptionKind { fid, torchvision };

// Input [N, H, W, 3] in [-1, 1], at least 75 pixels (299 is standard); features 2048 after the last mean; one tap, 192 channels
// before the second max pooling (from 11 pixels on). Every width is divided by `divisor` (1, or a divisor of 16), for tests.
std::shared_ptr<FeatureModule> inception(InceptionKind kind, int divisor = 1, Reach reach = Reach::classes);

}  // namespace ganymede::nets
