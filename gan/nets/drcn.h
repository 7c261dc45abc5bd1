// DRCN (Kim, Lee, Lee 2016): one convolution applied again and again, and a picture read off after each time.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct DrcnShape {
  int width = 256;         // filters of every layer
  int recursions = 16;
  bool identity = true;    // the recursive convolution begins as the identity; else by He
};

// [N, H, W, 1], enlarged already -> the ensemble [N, H, W, 1]; given {x} -> {all pictures [recursions, N, H, W, 1], the ensemble}. Each picture is x and what is read off.
nn::Layer drcn(const DrcnShape& s);

}  // namespace ganymede::nets
