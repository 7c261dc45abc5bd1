// Holes in pictures filled: samples, sheets, a task, a map for other programs, and how well it is done.
#pragma once
#include "gan/recipe.h"

namespace ganymede {

struct Inpainter {
  // Pictures [n, H, W, C] with zeros in the hole [n, H, W, 1] (1 there, else 0), sides multiples of `unit` -> pictures that are alike outside of it.
  std::function<Tensor(const Tensor& holed, const Tensor& hole)> fill;
  int64_t unit = 1;
  int64_t most = 0;   // pixels of a picture that it can look at together; 0: any number
};
// For data with the fields image and mask. The task `inpaint`; the measures hole_l1 and, filled without a network, smooth_l1, hole_sharpness and seam, and of whole pictures distance and lpips.
void add_inpainting_uses(Recipe& r, const Config& c, const Inpainter& inpainter);

// 1 where a mask [n, H, W, C] in [-1, 1] is light, 0 where it is dark, [n, H, W, 1]. UsageError, naming it, if all of it is either.
Tensor hole_of(const Tensor& mask, const std::string& name);
// What a hole is filled with that knows nothing of pictures: means of what lies around it, of ever more of it the farther away it is (pull-push, Gortler et al. 1996).
Tensor smoothly_filled(const Tensor& holed, const Tensor& hole);

}  // namespace ganymede
