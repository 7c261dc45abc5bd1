#pragma once

#include <cstdint>
#include <string>

#include "gan/data/picture.h"

namespace ganymede::data {

inline constexpr int64_t kGlyphHeight = 7, kGlyphAdvance = 6;  // pixels at scale 1; letters are 5 wide

int64_t text_width(const std::string& text, int64_t scale = 1);

// Writes printable ASCII (others appear as '?') with its upper left corner at (top, left), in grey `value` on
// every channel; what lies outside the picture is cut off.
void draw_text(Picture& picture, const std::string& text, int64_t top, int64_t left, uint8_t value,
               int64_t scale = 1);

}  // namespace ganymede::data
