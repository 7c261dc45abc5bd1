// Norms whose gain and bias follow a condition: a class, a style or a map. A network that holds one is called as net(x, condition):
//
//   const nn::Net G = r.net("G", nn::sequential({nn::linear(128, 2048), nn::reshape_to({4, 4, 128}),
//                                                nn::conditional_norm(nn::NormKind::batch, 128, 10), nn::relu(), ...}));
//   const Tensor fake = G(z, x["label"]);
#pragma once
#include <functional>

#include "nn/blocks.h"

namespace ganymede::nn {

// By class: the condition is labels [N] (i64, in [0, classes)), each with a gain (1 at first) and a bias (0) a channel
// (Dumoulin et al. 2017; class-conditional batch norm of WGAN-GP and SAGAN). A label outside picks gain and bias 0.
// kind none: no normalisation, gain and bias alone. momentum: of batch norm's running statistics.
Layer conditional_norm(NormKind kind, int channels, int classes, double eps = 1e-5, double momentum = 0.1, int groups = 32);

// By a style vector: the condition is [N, style]; gain = 1 + A s + a and bias = B s + b by one linear layer with a weight
// [2 channels, style] from `weight` and zero biases a, b (adaptive instance norm, Huang & Belongie 2017; FiLM with kind none).
Layer adaptive_norm(NormKind kind, int channels, int style, double eps = 1e-5, const Init& weight = init::dcgan(), double momentum = 0.1, int groups = 32);

// By a map: the condition is [N, h, w, labels], resized to x [N, H, W, channels] by the nearest pixel. With m = relu(conv3x3(condition)) of `hidden` channels
// gain = 1 + conv3x3(m) and bias = conv3x3(m), one a channel and place (SPADE, Park et al. 2019, eq. 1). weight: of a convolution from its channels in and out.
Layer spatial_norm(NormKind kind, int channels, int labels, int hidden = 128, const std::function<Init(int in, int out)>& weight = {}, double eps = 1e-5, double momentum = 0.1, int groups = 32);

// By a vector too, as BigGAN's (Brock et al. 2019): gain = 1 + A s, bias = B s by two linear layers without biases, weights [channels, style] from
// `weight`, each divided by its largest singular value if spectral.
Layer projected_norm(NormKind kind, int channels, int style, const Init& weight = init::orthogonal(), bool spectral = false, double eps = 1e-5, double momentum = 0.1, int groups = 32);

}  // namespace ganymede::nn
