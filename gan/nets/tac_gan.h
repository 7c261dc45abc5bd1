// The networks of TAC-GAN (Dash et al. 2017, from the authors' TensorFlow code): convolutions of 5 in steps of 2, texts through linear layers of each one's own.
#pragma once
#include "gan/nets/text_conv.h"

namespace ganymede::nets {

struct TacGanSize : TextConvSize {
  int classes = 102;
  double decay = 0.999;   // of the running statistics of norms
};

// net(z [N, latent], text [N, text]) -> [N, size, size, channels] in (-1, 1): doubled at most four times from 8 pixels (4 for pictures below 128).
nn::Layer tac_generator(const TacGanSize& s);
// net(Tensors{x, text}) -> {logit for a real picture of these words, class logits [N, classes]}.
nn::Layer tac_discriminator(const TacGanSize& s);

}  // namespace ganymede::nets
