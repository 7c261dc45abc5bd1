// The settings of pix2pix's networks.
#pragma once
#include "gan/nets/unet.h"
#include "gan/uses/translate.h"

namespace ganymede {

nets::UnetShape read_unet(const Config& c, const Direction& d);
// Halvings of the discriminator of patches: by the wanted receptive field, or the largest of the paper's up to 70 that the pictures
// allow.
int read_patch_halvings(const Config& c);

}  // namespace ganymede
