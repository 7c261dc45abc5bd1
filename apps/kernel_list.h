// What `ganymede kernels` prints.
#pragma once
#include <string>

#include "engine/device.h"

namespace ganymede::apps {

std::string list_kernels();
// Which tile and how many parts of the sum serve each direction of the thirty rows. dtype and math say how the numbers are
// multiplied, capability on which card: 90 for sm_90.
std::string list_rows(DType dtype, Math math, int capability);

}  // namespace ganymede::apps
