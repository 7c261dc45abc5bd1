// CIE Lab colours (white D65) of sRGB pictures, scaled as the networks that colourise see them (Isola et al. 2017).
#pragma once
#include "engine/tensor.h"

namespace ganymede {

// [N, H, W, 1 or 3] in [-1, 1] -> [N, H, W, 1]: L / 50 - 1, in [-1, 1].
Tensor lightness(const Tensor& x);
// [N, H, W, 3] in [-1, 1] -> [N, H, W, 2]: a / 110 and b / 110, in [-1, 1] for all sRGB colours.
Tensor chroma(const Tensor& x);
// Both together again, [N, H, W, 3] in [-1, 1]; what sRGB does not hold is clipped, channel by channel.
Tensor from_lab(const Tensor& lightness, const Tensor& chroma);

}  // namespace ganymede
