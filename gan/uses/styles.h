// What models do that give many outputs for an input, chosen by a code z: samples, sheets, tasks and measures.
#pragma once
#include "gan/uses/translate.h"

namespace ganymede {

struct Styled {
  std::function<Tensor(const Tensor& input, const Tensor& z)> map;   // [n, H, W, in], [n, latent] -> [n, H, W, out]
  std::function<Tensor(const Tensor& target)> encode;                // pictures [n, size, size, out] to codes; null: none
  int64_t latent = 8, unit = 1, size = 256;
};

// Samples and sheets; the tasks translate (n random outputs of each, sync=true: the same codes for every input), style (the code of
// the first picture for the others) and walk (an animation between random codes); the measures diversity and feature_diversity
// beside those of real pictures, colour_diversity and, with an encoder, style_hue, reconstruction and recovery.
void add_style_uses(Recipe& r, const Direction& d, const Styled& s);

}  // namespace ganymede
