// Colours of pictures as a whole: StackGAN++ keeps those of neighbouring sizes alike.
#pragma once
#include "engine/tensor.h"

namespace ganymede {

// Over the pixels of each picture [N, H, W, C]: mean [N, C], covariance [N, C, C] (divided by the number of pixels).
struct ColourStatistics {
  Tensor mean, covariance;
};
ColourStatistics colour_statistics(const Tensor& x);

// Zhang et al. 2018 (1710.10916), eq. 8, for two sizes: mse(mean) + 5 mse(covariance); `low`'s are a target, without a gradient. Their mean squares are means
// over pictures and elements, as in the authors' code.
Tensor colour_consistency(const Tensor& high, const Tensor& low);

}  // namespace ganymede
