// The networks of PAN (Wang et al. 2017).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct PanShape {
  int in = 3, out = 3;   // channels of the pictures
  int width = 64;        // channels of the first level; doubled at each, at most 8 times as many
  int halvings = 6;      // levels: pictures are multiples of 2^halvings
};
// T: halvings to a bottleneck and back, with the encoder's features handed to the decoder at each size but the largest. [N, H, W, in] -> [N, H, W, out] in (-1, 1).
nn::Layer pan_transformation(const PanShape& s);

struct PanDiscriminatorShape {
  int height = 256, width = 256;   // of the pictures
  int in = 3;
  int channels = 64;               // of the first layer; doubled at each halving, at most 8 times as many
};
// D, which sees one picture: {x [N, height, width, in]} -> {logit [N, 1], the features behind layers 1, 4, 6 and 8}, by no halving, 2, 3 and 4; net(x) the logit.
nn::Layer pan_discriminator(const PanDiscriminatorShape& s);

}  // namespace ganymede::nets
