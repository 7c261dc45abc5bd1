// The networks of Pixel-Level Domain Transfer (Yoo et al. 2016) for pictures of 8, 16, 32, ... pixels; the paper's are of 64, with a width of 128 and a code of 64.
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct PldtSize {
  int size = 64, in = 3, out = 3, width = 128, code = 64;   // width: channels at half the size, doubled at each size below
};
// [N, size, size, in] -> [N, size, size, out] in [-1, 1], through a code of one point.
nn::Layer pldt_converter(const PldtSize& s);
// [N, size, size, in] -> logits [N, 1, 1, 1]; code and out are not used.
nn::Layer pldt_discriminator(const PldtSize& s);

}  // namespace ganymede::nets
