// The networks of StackGAN (Zhang et al. 2017, from the authors' TensorFlow code for CUB and flowers). The discriminator of the first stage is that of
// text_conv.h.
#pragma once
#include "gan/nets/text_conv.h"

namespace ganymede::nets {

// A caption's vector [N, text] -> [N, 2 projected]: means, then the logarithms of deviations, behind leaky relu (0.2).
nn::Layer conditioning(const TextConvSize& s);
// [c, z] [N, projected + latent] -> pictures: doubling by copies and convolutions of 3, a residual block at 4 and at 8 pixels.
nn::Layer stack_first_generator(const TextConvSize& s);
// net(picture of s.size / scale pixels, c [N, projected]) -> [N, s.size, s.size, channels]: halved twice, `blocks` residual blocks beside c, doubled.
nn::Layer stack_second_generator(const TextConvSize& s, int scale, int blocks);
// net(x, text) -> a logit: halved to 4 pixels, reduced by convolutions of 1 to the channels that 64 pixels have there.
nn::Layer stack_second_discriminator(const TextConvSize& s, int scale);

}  // namespace ganymede::nets
