// AlexNet in torchvision's form (Krizhevsky 2014, arXiv 1404.5997): one column, no response normalisation.
#pragma once
#include <memory>

#include "gan/nets/feature_module.h"

namespace ganymede::nets {

// Input [N, H, W, 3], ImageNet's mean and deviation taken out, at least 63 pixels (224 is standard; other sizes are pooled to 6 x 6).
// Taps: relu1 to relu5. Features: 4096 after the second linear layer and relu. Every width is divided by `divisor` (1, or a power of 2
// up to 64), for tests.
std::shared_ptr<FeatureModule> alexnet(int divisor = 1, Reach reach = Reach::classes);

}  // namespace ganymede::nets
