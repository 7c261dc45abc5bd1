// What two domains with one code are good for beside translation: reconstruction, what lies between two codes, and whether the same scene has
// the same code on both sides.
#pragma once
#include "gan/uses/translate.h"

namespace ganymede {

// Pictures [n, H, W, channels] in [-1, 1], sides multiples of `unit`, to codes [n, ...], and codes to the pictures of this domain.
struct CodedSide {
  std::function<Tensor(const Tensor& x)> encode, decode;
  int64_t channels = 3, unit = 1;
};

// The tasks reconstruct (of=a|b) and between (from=a|b, to=a|b, steps); the measures own_a and own_b (reconstructions), codes (distance of the codes
// of one scene on both sides over that of different scenes) and code_square.
void add_shared_code_uses(Recipe& r, const CodedSide& a, const CodedSide& b);

}  // namespace ganymede
