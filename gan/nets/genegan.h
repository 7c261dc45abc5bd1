// The networks of GeneGAN (Zhou et al. 2017).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct GeneganShape {
  int size = 64, channels = 3;
  int width = 128;     // channels next to the picture, doubled at each halving, at most four times as many
  int halvings = 3;    // of the splitter
  bool norm = true;    // batch norm in the critics
  int inner() const;   // channels of the code
};

// All take square pictures whose size is a multiple of 2^halvings, the critics 4 * 2^k; UsageError for others.
// x [N, size, size, channels] -> code [N, size / 2^halvings, the same, inner()].
nn::Layer genegan_splitter(const GeneganShape& s);
// code -> [N, size, size, channels] in (-1, 1).
nn::Layer genegan_joiner(const GeneganShape& s);
// x -> [N, 1], a score.
nn::Layer genegan_critic(const GeneganShape& s);

}  // namespace ganymede::nets
