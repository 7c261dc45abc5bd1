#include "gan/nets/usual.h"

#include "engine/check.h"

namespace ganymede::nets {

int doublings_of_four(int size, const char* who, int least, const char* besides, const char* instead) {
  int doublings = 0, side = 4;
  while (side < size) side *= 2, ++doublings;
  if (side != size || doublings < least)
    throw UsageError(text("a picture size of ", size, ": ", who, " takes ", least > 1 ? "" : "8, ", "16, 32, 64, ... pixels", besides, "; set --size", instead));
  return doublings;
}

}  // namespace ganymede::nets
