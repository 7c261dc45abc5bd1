#include "gan/nets/infogan.h"

#include "engine/check.h"
#include "gan/nets/labelled.h"
#include "gan/nets/usual.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

constexpr double kInfoSlope = 0.1;

// A convolution before a norm needs no bias: the norm takes it out again.
nn::ConvSpec infogan_step(bool bias) { return {.kernel = 4, .stride = 2, .padding = 1, .bias = bias, .weight = nn::init::truncated_normal(0, 0.02)}; }
nn::Layer infogan_dense(int in, int out, bool bias = false) { return nn::linear(in, out, bias); }

// The part of the picture's side that is left after the halvings.
int base(const InfoganSize& s) {
  const int factor = s.svhn ? 16 : 4;
  if (s.size < 8 || s.size % factor != 0) throw UsageError(text("a picture size of ", s.size, ": infogan's architecture ", s.svhn ? "svhn" : "mnist", " takes multiples of ", factor, " from 8; set --size"));
  return s.size / factor;
}

}  // namespace

nn::Layer infogan_generator(const InfoganSize& s) {
  const int side = base(s), w = s.width;
  if (s.svhn)   // no norm after the second and third convolution, as in the authors' code
    return nn::sequential({infogan_dense(s.input, 7 * w * side * side), dcgan_norm(7 * w * side * side), nn::relu(), nn::reshape_to({side, side, 7 * w}),
                           nn::deconv(7 * w, 4 * w, infogan_step(false)), dcgan_norm(4 * w), nn::relu(), nn::deconv(4 * w, 2 * w, infogan_step(true)), nn::relu(),
                           nn::deconv(2 * w, w, infogan_step(true)), nn::relu(), nn::deconv(w, s.channels, infogan_step(true)), nn::tanh()});
  return nn::sequential({infogan_dense(s.input, 16 * w), dcgan_norm(16 * w), nn::relu(), infogan_dense(16 * w, 2 * w * side * side), dcgan_norm(2 * w * side * side), nn::relu(), nn::reshape_to({side, side, 2 * w}),
                         nn::deconv(2 * w, w, infogan_step(false)), dcgan_norm(w), nn::relu(), nn::deconv(w, s.channels, infogan_step(true)), nn::sigmoid()});
}

nn::Layer infogan_discriminator(const InfoganSize& s) {
  base(s);
  const int w = s.width, side = s.svhn ? s.size / 8 : s.size / 4;
  std::vector<nn::Layer> layers{nn::conv(s.channels, w, infogan_step(true)), nn::leaky_relu(kInfoSlope), nn::conv(w, 2 * w, infogan_step(false)), dcgan_norm(2 * w), nn::leaky_relu(kInfoSlope)};
  int features = 2 * w * side * side;
  if (s.svhn) {
    for (const nn::Layer& l : {nn::conv(2 * w, 4 * w, infogan_step(false)), dcgan_norm(4 * w), nn::leaky_relu(kInfoSlope)}) layers.push_back(l);
    features = 4 * w * side * side;
    layers.push_back(nn::reshape_to({features}));
  } else {
    for (const nn::Layer& l : {nn::reshape_to({features}), infogan_dense(features, 16 * w), dcgan_norm(16 * w), nn::leaky_relu(kInfoSlope)}) layers.push_back(l);
    features = 16 * w;
  }
  const int hidden = 2 * w;   // 128 at the width of 64
  return with_heads(nn::sequential(std::move(layers)), {{"source", infogan_dense(features, 1, true)},
                                                        {"codes", nn::sequential({infogan_dense(features, hidden), dcgan_norm(hidden), nn::leaky_relu(kInfoSlope), infogan_dense(hidden, s.said, true)})}});
}

}  // namespace ganymede::nets
