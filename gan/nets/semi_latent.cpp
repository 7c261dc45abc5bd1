#include "gan/nets/semi_latent.h"

#include "gan/nets/labelled.h"

namespace ganymede::nets {

nn::Layer semi_latent_discriminator(const DcganSize& s, int hidden, int said) {
  const int features = dcgan_features(s);
  return with_heads(dcgan_trunk(s), {{"source", nn::linear(features, 1)},
                                     {"rec", nn::sequential({nn::linear(features, hidden, false), nn::batch_norm(hidden), nn::leaky_relu(0.2), nn::linear(hidden, said)})},
                                     {"features", nn::reshape_to({features})}});
}

}  // namespace ganymede::nets
