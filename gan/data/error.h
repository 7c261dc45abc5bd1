#pragma once

#include <stdexcept>

namespace ganymede::data {

using Error = std::runtime_error;

}  // namespace ganymede::data
