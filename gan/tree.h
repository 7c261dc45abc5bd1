// Generators that make a picture of several sizes at once: features go from size to size, with a branch to a picture and a judge at each.
#pragma once
#include "gan/config.h"
#include "nn/net.h"

namespace ganymede {

struct Branch {
  nn::Net features, picture, judge;
  int size;
};

// The setting `branches`: how many sizes there are, each twice the one before, the last that of the data. UsageError where the first would not be 8, 16, 32, ...
int branches_of(const Config& c);
// Pictures [N, H, W, C] as the means of squares of their pixels: [N, size, size, C].
Tensor reduced(const Tensor& x, int64_t size);

}  // namespace ganymede
