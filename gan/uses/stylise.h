// What models of style transfer share: samples, the task `stylise`, measures.
#pragma once
#include "gan/recipe.h"

namespace ganymede {

struct StyleTransfer {
  std::string name;                                       // of what is made, on sheets
  int64_t channels = 3;                                   // of pictures
  int64_t border = 0;                                     // pictures must be larger than this
  Tensor picture = {};                                      // the style, [1, H, W, channels] of the training's size
  std::function<Tensor(const Tensor& x)> map = {};             // [n, H, W, channels] in [-1, 1], sides multiples of 4, to the same
  std::function<Tensor(const Tensor& y, const Tensor& x)> content = {};  // how far y's content is from x's: one element, a mean over the batch
  std::function<Tensor(const Tensor& y)> style = {};           // how far y's style is from the picture's: the same
};

// Samples of the batch's pictures, sheets (picture, style, result), the task `stylise`, and the measures style, style_picture, style_left and content.
void add_style_transfer_uses(Recipe& r, const StyleTransfer& t);

}  // namespace ganymede
