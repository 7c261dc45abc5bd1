// The encoders of BicycleGAN (Zhu et al. 2017b): a picture to the mean and the logarithm of the variance of its style.
#pragma once
#include "gan/nets/unet.h"

namespace ganymede::nets {

struct EncoderShape {
  int size = 256;           // pixels, at least 16
  int in = 3;
  int width = 64;
  int latent = 8;
  bool residual = true;     // E_ResNet: blocks that halve by mean pooling; or E_CNN: strided convolutions
  TranslationNorm norm = {nn::NormKind::instance, false};
  bool xavier = true;
};

// One tensor [N, size, size, in] in; out: mean [N, latent], log variance [N, latent].
nn::Layer style_encoder(const EncoderShape& s);

}  // namespace ganymede::nets
