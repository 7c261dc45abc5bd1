// The network of SRCNN (Dong et al. 2014): patches to features, features to features, features to pixels.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct SrcnnShape {
  int channels = 1;
  int first = 9, middle = 1, last = 5;   // sides of the filters: 9-1-5, 9-3-5 or 9-5-5
  int features = 64, mapped = 32;        // n1 and n2
  bool he = false;                       // first weights by He et al. 2015, which learn sooner; else N(0, 0.001^2), as in the papers
  bool rectified = true;                 // ReLU after the first two; without it the network is one linear filter

  int border() const { return (first + middle + last - 3) / 2; }  // pixels lost on each side
};

// [N, H, W, channels] -> [N, H - 2 border, W - 2 border, channels], H and W above 2 border. Nothing is padded.
nn::Layer srcnn(const SrcnnShape& s);

}  // namespace ganymede::nets
