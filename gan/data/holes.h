#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gan/data/random.h"

namespace ganymede::data {

// What is missing of a picture that is to be filled.
enum class Hole {
  free,   // up to three zigzag strokes of a brush
  box,    // a rectangle of 3/8 to 1/2 of each side
  both,   // both of them
};
// Throws UsageError listing the names for an unknown one.
Hole hole_named(const std::string& name);
const std::vector<std::string>& hole_names();

// [height, width], 1 in the hole and 0 outside; neither is ever empty. Strokes as in Yu et al. 2019 (arXiv 1806.03589, algorithm 1) by the standards of the authors' code: 1 to 3 of
// them, of 4 to 11 turns back and forth, steps of a normal length around an eighth of the diagonal, and a brush of 12 to 40 px for 256 px. Sides of at least 8.
std::vector<float> drawn_hole(Hole kind, int64_t height, int64_t width, Random& random);

}  // namespace ganymede::data
