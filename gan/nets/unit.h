// The networks of UNIT (Liu, Breuel, Kautz 2017, table of the appendix, and the authors' code v0.2): what each domain has of its own; what both
// share are residual blocks at the code. Zeros around every layer.
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct UnitShape {
  int channels = 3;         // of the domain's pictures
  int width = 64;           // channels next to the picture; 4 times as many at the code
  int blocks = 3;           // residual blocks of the domain's own, in the encoder and in the decoder
  bool normed = false;      // instance norms and ReLU next to the picture too, or leaky ReLU of 0.01
  double dropped = 0;       // share of features dropped at the end of each block
};

// [N, H, W, channels] -> [N, H / 4, W / 4, 4 width], H and W multiples of 4; and back, in (-1, 1).
nn::Layer unit_encoder(const UnitShape& s);
nn::Layer unit_decoder(const UnitShape& s);
// What both domains share: `count` of the same blocks.
nn::Layer unit_blocks(const UnitShape& s, int count);

struct UnitJudgeShape {
  int channels = 3;
  int width = 64;           // of the first layer; each later one has twice as many
  int layers = 6;           // of stride 2
};

// [N, H, W, channels] -> [N, h, w, 1], logits; sides are halved by each layer, rounded up.
nn::Layer unit_judge(const UnitJudgeShape& s);
// The same in two parts: two layers of each domain's own (kernels of 7 and 3), and those that both share, at least one.
nn::Layer unit_judge_front(const UnitJudgeShape& s);
nn::Layer unit_judge_trunk(const UnitJudgeShape& s);

}  // namespace ganymede::nets
