#include "gan/nets/espcn.h"

namespace ganymede::nets {

nn::Layer espcn(const EspcnShape& s) {
  const auto same = [](int in, int out, int kernel) { return nn::conv(in, out, {.kernel = kernel, .padding = kernel / 2, .weight = nn::init::he_normal(in * kernel * kernel)}); };
  const nn::Init small = nn::init::normal(0, 1e-3);
  return nn::sequential({same(s.channels, s.width, 5), nn::activation(s.activation), same(s.width, s.inner, 3), nn::activation(s.activation),
                         nn::conv(s.inner, s.channels * s.scale * s.scale, {.kernel = 3, .padding = 1, .weight = s.icnr ? nn::init::icnr(small, s.scale) : small, .shuffle = s.scale})});
}

}  // namespace ganymede::nets
