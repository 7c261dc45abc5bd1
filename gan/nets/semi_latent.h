// The discriminator of SL-GAN (Yin, Fu, Sigal, Xue 2017); its encoder and its decoder are DCGAN's (gan/nets/dcgan.h).
#pragma once
#include "gan/nets/dcgan.h"

namespace ganymede::nets {

// One trunk, DCGAN's halvings down to 4 x 4: x -> {a logit for real [N, 1], what Rec says of x [N, said], the trunk's last features [N, 16 w]}.
// hidden: units between the trunk and what Rec says.
nn::Layer semi_latent_discriminator(const DcganSize& s, int hidden, int said);

}  // namespace ganymede::nets
