#include "gan/nets/stn.h"

#include <algorithm>

#include "engine/check.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

nn::Layer conv(int in, int out, int padding) { return nn::conv(in, out, {.kernel = 5, .padding = padding, .weight = nn::init::he_normal(int64_t(in) * 25)}); }
nn::Layer he_linear(int in, int out) { return nn::linear(in, out, true, nn::init::he_normal(in)); }
nn::Layer last(int in, int classes) { return nn::linear(in, classes, true, nn::init::xavier_normal(in, classes)); }
int pixels(const StnSize& s) { return s.height * s.width * s.channels; }

}  // namespace

Localisation stn_convolutional_localisation(const StnSize& s, int filters) {
  constexpr int kFeatures = 20;
  if (std::min(s.height, s.width) < 28) throw UsageError(text("pictures of ", s.width, "x", s.height, " pixels: the convolutions that localise take at least 28; set --size, canvas or localisation=fcn"));
  const auto left = [](int side) { return (side / 2 - 4) / 2 - 4; };
  const int flat = left(s.height) * left(s.width) * filters;
  return {nn::sequential({nn::max_pool(), conv(s.channels, filters, 0), nn::relu(), nn::max_pool(), conv(filters, filters, 0), nn::relu(), nn::reshape_to({flat}), he_linear(flat, kFeatures), nn::relu()}), kFeatures};
}

Localisation stn_linear_localisation(const StnSize& s, int units) {
  return {nn::sequential({nn::reshape_to({pixels(s)}), he_linear(pixels(s), units), nn::relu(), he_linear(units, units), nn::relu(), he_linear(units, units), nn::relu()}), units};
}

nn::Layer stn_convolutional_classifier(const StnSize& s, int filters, int units, int classes) {
  if (std::min(s.height, s.width) < 4) throw UsageError(text("pictures of ", s.width, "x", s.height, " pixels: the classifier takes at least 4"));
  const int flat = (s.height / 4) * (s.width / 4) * 2 * filters;
  return nn::sequential({conv(s.channels, filters, 2), nn::relu(), nn::max_pool(), conv(filters, 2 * filters, 2), nn::relu(), nn::max_pool(), nn::reshape_to({flat}), he_linear(flat, units), nn::relu(), last(units, classes)});
}

nn::Layer stn_linear_classifier(const StnSize& s, int units, int classes) {
  return nn::sequential({nn::reshape_to({pixels(s)}), he_linear(pixels(s), units), nn::relu(), he_linear(units, units), nn::relu(), last(units, classes)});
}

}  // namespace ganymede::nets
