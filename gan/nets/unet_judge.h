// The discriminator of Real-ESRGAN (Wang et al. 2021, arXiv 2107.10833, figure 6).
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

// [N, H, W, channels] -> logits [N, H, W, 1], one a pixel: a U-Net of three halvings whose outer layers are added to the inner ones, with spectral norms. H and W are multiples of 8.
// filters: of the first layer, 64 in the paper; 8 times as many in the innermost.
nn::Layer unet_judge(int channels, int filters);

}  // namespace ganymede::nets
