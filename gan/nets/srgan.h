// The networks of SRResNet and SRGAN (Ledig et al. 2017, figure 4).
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct SrresnetShape {
  int channels = 3;
  int scale = 4;                 // 2, 3, 4 or 8: a pixel shuffle of 3, or of 2 once, twice or three times
  int width = 64, blocks = 16;
  bool slopes_per_channel = false;  // of PReLU; else one a layer
  bool tanh = false;             // at the end, as in most implementations; the paper draws none
  nn::Init gain = nn::init::one();  // of batch norms
};
bool srresnet_enlarges(int64_t scale);

// [N, H, W, channels] -> [N, scale H, scale W, channels]. Batch norm in all but the first and the last layers; zeros around.
nn::Layer srresnet(const SrresnetShape& s);

struct SrganJudge {
  int channels = 3;
  int64_t height = 96, width = 96;  // of the pictures that are judged
  int filters = 64;                 // of the first of eight convolutions; 8 times as many in the last, 16 times in the hidden layer
  nn::Init gain = nn::init::one();
};

// [N, height, width, channels] -> logits [N, 1].
nn::Layer srgan_discriminator(const SrganJudge& s);

}  // namespace ganymede::nets
