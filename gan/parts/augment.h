// Changes of pictures that a discriminator judges, real and generated alike: adaptive discriminator augmentation (Karras, Aittala, Hellsten,
// Laine, Lehtinen, Aila: Training Generative Adversarial Networks with Limited Data, NeurIPS 2020, arXiv 2006.06676).
#pragma once
#include "engine/tensor.h"

namespace ganymede {

// x [N, S, S, 1 or 3] in [-1, 1], p [1] in [0, 1]; each sample's changes are drawn anew, each with probability p (appendix B, the sets "pixel blitting",
// "geometric" and "color"): mirrored; turned by quarters; moved by whole pixels up to S / 8; scaled by 2^N(0, 0.2); turned; stretched by 2^N(0, 0.2); moved by
// N(0, S / 8); brightness N(0, 0.2); contrast 2^N(0, 0.5); lightness inverted; hue turned; saturation 2^N(0, 1). The first three and the turn are uniform.
// The places are joined into one bilinear sampling with mirrored borders, the colours into one linear map; where p is 0 it gives x itself, but for rounding. Differentiable
// twice with respect to x. (The paper's sampling is of twice the size with a longer filter.)
Tensor augment(const Tensor& x, const Tensor& p);

}  // namespace ganymede
