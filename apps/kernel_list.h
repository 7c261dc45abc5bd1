// What `ganymede kernels` prints.
#pragma once
#include <string>

#include "engine/device.h"

namespace ganymede::apps {

std::string list_kernels();
// Which tile and how many parts of the sum serve each direction of the thirty rows. dtype and math say how the numbers are
// multiplied.
std::string list_rows(DType dtype, Math math);

}  // namespace ganymede::apps
