// What an allocation throws when the device has no more memory.
#pragma once
#include "engine/check.h"

namespace ganymede {

struct OutOfMemory : Error {
  using Error::Error;
};

}  // namespace ganymede
