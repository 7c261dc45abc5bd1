#include "gan/nets/usual.h"

#include <bit>

#include "engine/check.h"

namespace ganymede::nets {

bool is_doubled_four(int side) { return side >= 4 && std::has_single_bit(unsigned(side)); }

int doublings_of_four(int size, const char* who, int least, const char* besides, const char* instead) {
  const int doublings = is_doubled_four(size) ? std::countr_zero(unsigned(size / 4)) : 0;
  if (doublings < least) throw UsageError(text("a picture size of ", size, ": ", who, " takes ", least > 1 ? "" : "8, ", "16, 32, 64, ... pixels", besides, "; set --size", instead));
  return doublings;
}

}  // namespace ganymede::nets
