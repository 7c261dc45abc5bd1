// The convolutions of whole training steps.
#pragma once
#include "kernels/api/conv2d_rows.h"

namespace ganymede::bench {

using Role = kernels::Conv2dRole;

struct Layer {
  const char* set;
  const char* name;
  int n, size, c, k, kernel, stride, pad, out;
  int calls[3];  // a step: forward, data_gradient, weight_gradient
};

// DCGAN: D sees real and fake in its own update and fakes again in G's; a layer of G is listed as the
// convolution whose data gradient it is, so its forward pass is "data_gradient". Neither asks for the
// gradient of what it starts from, but G's update asks for that of the picture.
constexpr Layer kLayers[] = {
    {"dcgan64", "D1", 16, 64, 3, 64, 4, 2, 1, 32, {3, 1, 2}},
    {"dcgan64", "D2", 16, 32, 64, 128, 4, 2, 1, 16, {3, 3, 2}},
    {"dcgan64", "D3", 16, 16, 128, 256, 4, 2, 1, 8, {3, 3, 2}},
    {"dcgan64", "D4", 16, 8, 256, 512, 4, 2, 1, 4, {3, 3, 2}},
    {"dcgan64", "D5", 16, 4, 512, 1, 4, 1, 0, 1, {3, 3, 2}},
    {"dcgan64", "G1", 16, 4, 512, 100, 4, 1, 0, 1, {0, 1, 1}},
    {"dcgan64", "G2", 16, 8, 256, 512, 4, 2, 1, 4, {1, 1, 1}},
    {"dcgan64", "G3", 16, 16, 128, 256, 4, 2, 1, 8, {1, 1, 1}},
    {"dcgan64", "G4", 16, 32, 64, 128, 4, 2, 1, 16, {1, 1, 1}},
    {"dcgan64", "G5", 16, 64, 3, 64, 4, 2, 1, 32, {1, 1, 1}},
    {"fashion", "D1", 64, 32, 1, 32, 4, 2, 1, 16, {3, 1, 2}},
    {"fashion", "D2", 64, 16, 32, 64, 4, 2, 1, 8, {3, 3, 2}},
    {"fashion", "D3", 64, 8, 64, 128, 4, 2, 1, 4, {3, 3, 2}},
    {"fashion", "D4", 64, 4, 128, 1, 4, 1, 0, 1, {3, 3, 2}},
    {"fashion", "G1", 64, 4, 128, 100, 4, 1, 0, 1, {0, 1, 1}},
    {"fashion", "G2", 64, 8, 64, 128, 4, 2, 1, 4, {1, 1, 1}},
    {"fashion", "G3", 64, 16, 32, 64, 4, 2, 1, 8, {1, 1, 1}},
    {"fashion", "G4", 64, 32, 1, 32, 4, 2, 1, 16, {1, 1, 1}},
    {"resnet9", "in", 1, 134, 3, 64, 7, 1, 0, 128, {1, 0, 1}},
    {"resnet9", "d128", 1, 128, 64, 128, 3, 2, 1, 64, {1, 1, 1}},
    {"resnet9", "d256", 1, 64, 128, 256, 3, 2, 1, 32, {1, 1, 1}},
    {"resnet9", "r256", 1, 34, 256, 256, 3, 1, 0, 32, {18, 18, 18}},
    {"resnet9", "u128", 1, 64, 128, 256, 3, 2, 1, 32, {1, 1, 1}},
    {"resnet9", "u64", 1, 128, 64, 128, 3, 2, 1, 64, {1, 1, 1}},
    {"resnet9", "out", 1, 134, 64, 3, 7, 1, 0, 128, {1, 1, 1}},
    {"wgan-gp", "c32", 16, 32, 128, 128, 3, 1, 1, 32, {2, 2, 2}},
    {"wgan-gp", "c16", 16, 16, 128, 128, 3, 1, 1, 16, {6, 6, 6}},
    {"wgan-gp", "c8", 16, 8, 128, 128, 3, 1, 1, 8, {8, 8, 8}},
    {"wgan-gp", "in", 16, 32, 3, 128, 3, 1, 1, 32, {1, 1, 1}},
    {"wgan-gp", "out", 16, 32, 128, 3, 3, 1, 1, 32, {1, 1, 1}},
};

inline kernels::Conv2d problem_of(const Layer& l, kernels::DType dtype) {
  return {l.n,      l.size,   l.size, l.c,   l.k, l.kernel, l.kernel, l.out, l.out,
          l.stride, l.stride, l.pad,  l.pad, 1,   1,        1,        dtype, kernels::Math::f32};
}

}  // namespace ganymede::bench
