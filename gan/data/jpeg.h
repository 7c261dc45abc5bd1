#pragma once

#include "gan/data/picture.h"

namespace ganymede::data {

// What is left of a picture of 1 or 3 channels that was written as a JPEG file of this quality, 1 to 100, and read again.
Picture through_jpeg(const Picture& picture, int quality);

}  // namespace ganymede::data
