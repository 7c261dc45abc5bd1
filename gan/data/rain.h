#pragma once

#include "gan/data/transform.h"

namespace ganymede::data {

// The picture in rain, as sets for de-raining are made: white slanted streaks of one wind, partly seen through, drawn from `random`. Lengths
// are fractions of the smaller side, so rain is as dense at any size.
Image rained_on(Image image, Random& random);

}  // namespace ganymede::data
