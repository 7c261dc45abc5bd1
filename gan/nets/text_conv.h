// The convolutions of "Generative Adversarial Text to Image Synthesis" (Reed et al. 2016, from the authors' code), which StackGAN took over: pictures of
// 4 * 2^k pixels from noise and a text, and judged beside a text.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct TextConvSize {
  int size = 64, channels = 3;   // of the picture: 4 * 2^k pixels
  int width = 128;               // channels next to the picture
  int latent = 100;
  int text = 1024, projected = 128;   // length of the text's vector, and what a linear layer of G's and D's own makes of it
};

// net(z [N, latent], text [N, text]) -> [N, size, size, channels] in (-1, 1): transposed convolutions, a residual block behind each of the first two.
nn::Layer text_generator(const TextConvSize& s);
// net(x, text) -> a logit [N, 1].
nn::Layer text_discriminator(const TextConvSize& s);
// x -> [N, latent], without a text: the style encoder.
nn::Layer text_style_encoder(const TextConvSize& s);

// What these are made of, for deeper ones. Doublings from 4 pixels to `size`; UsageError if there is no such number, or none.
int text_halvings(int size);
// Appends a residual block: 1x1 and 3x3 to a quarter of the channels and back by 3x3, added to x; f of the sum.
void text_bottleneck(std::vector<nn::Layer>& to, int channels, const nn::Layer& f);
// Appends the end of a discriminator: the text beside features [N, 4, 4, channels], a convolution of 1 over both, the logit [N, 1].
void text_verdict(std::vector<nn::Layer>& to, int channels, const TextConvSize& s);

}  // namespace ganymede::nets
