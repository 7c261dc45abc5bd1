// The generator of ESRGAN (Wang et al. 2018, figures 3 and 4): residual-in-residual dense blocks, no norms.
#pragma once
#include "engine/safetensors.h"
#include "nn/layers.h"
#include "nn/net.h"

namespace ganymede::nets {

struct RrdbShape {
  int channels = 3;
  int scale = 4;                 // 2, 4 or 8: nearest neighbours of 2 and a convolution, once, twice or three times
  int width = 64;                // channels
  int growth = 32;               // channels that each convolution of a dense block adds
  int blocks = 23;               // of three dense blocks each
};
bool rrdb_enlarges(int64_t scale);

// [N, H, W, channels] in [0, 1] -> [N, scale H, scale W, channels], about as large. Weights inside the blocks are drawn a tenth as large as He et al. would, and residuals count 0.2.
nn::Layer rrdb(const RrdbShape& s);

// The shape of a network whose state dict the file holds, by the names of the authors' BasicSR (conv_first, body.0.rdb1.conv1, conv_body, conv_up1, conv_hr, conv_last). Error
// naming the file and what is missing if these are weights of another network.
RrdbShape rrdb_shape(const SafetensorsFile& file);

}  // namespace ganymede::nets
