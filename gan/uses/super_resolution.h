// What models of single-picture super-resolution share: the channel that they see, bicubic enlargement, uses and measures.
#pragma once
#include "gan/recipe.h"

namespace ganymede {

// The Y of MATLAB's rgb2ycbcr (BT.601 studio range) over 255, so 16/255 for black and 235/255 for white: [N, H, W, 1 or 3] in [-1, 1] -> [N, H, W, 1].
Tensor luma(const Tensor& x);
// x with this Y and its own Cb and Cr, clipped to [-1, 1]: luma(with_luma(x, y)) = y where nothing is clipped.
Tensor with_luma(const Tensor& x, const Tensor& y);
// A low picture enlarged by MATLAB's imresize, not clipped.
Tensor bicubic(const Tensor& low, int64_t scale);
// What a camera of fewer pixels sees, at the size of x [N, H, W, C] in [-1, 1]: the mean of factor x factor pixels, in 256 steps, enlarged again. A constant
// to differentiation. H and W are multiples of the factor.
Tensor low_view(const Tensor& x, int64_t factor);
// Without `border` pixels on each side.
Tensor without_border(const Tensor& x, int64_t border);

// -10 log10(mse): dB of pictures whose values span 1, for logs.
Tensor decibels(const Tensor& mse);

struct Enlarger {
  std::string name;                                  // on sheets: "SRCNN"
  int64_t scale = 0;
  int64_t channels = 0;                              // of the pictures that it takes; 0: grey and coloured ones
  std::function<Tensor(const Tensor& low)> picture;  // [n, h, w, 1 or 3] in [-1, 1] -> [n, scale h, scale w, the same] in [-1, 1]
  std::function<Tensor(const Tensor& low)> luma = {};  // its Y, where the network makes that; else luma(picture)
  // Of networks with two sets of weights, before (alpha 0) and after (1) an adversary: picture by those between them.
  std::function<std::function<Tensor(const Tensor& low)>(double alpha)> between = {};
};

// Y of what a batch's pictures become, of their bicubic enlargement and of what they should be: [n, H, W, 1] each.
struct Enlarged {
  Tensor made, bicubic, high;
};
// The measures psnr, ssim and laplacian of models that enlarge, with bicubic's beside them.
void add_super_resolution_measures(Recipe& r, int64_t scale, const std::function<Enlarged(const Batch&)>& lumas);

// Samples, sheets (low, bicubic, output, high), the tasks `super-resolution` and `benchmark`, and these measures; with `between` also `interpolate` and measures between.
void add_super_resolution_uses(Recipe& r, const Enlarger& e);

}  // namespace ganymede
