#include "gan/data/font.h"

#include <algorithm>

namespace ganymede::data {
namespace {

// Space to tilde, 5 wide and 7 high: row by row from the top, the leftmost pixel in the highest bit of 35.
constexpr uint64_t kGlyphs[95] = {
    0x000000000, 0x108421004, 0x294a00000, 0x295f57d4a, 0x11f4717c4, 0x672222273, 0x32544564d, 0x108000000,
    0x088842082, 0x208210888, 0x009575480, 0x0084f9080, 0x000003088, 0x0000f8000, 0x00000018c, 0x042222210,
    0x3a33ae62e, 0x11842108e, 0x3a211111f, 0x3a213062e, 0x08ca97c42, 0x7e1e0862e, 0x1910f462e, 0x7c2221108,
    0x3a317462e, 0x3a317844c, 0x018c03180, 0x018c03088, 0x088882082, 0x001f07c00, 0x208208888, 0x3a2111004,
    0x3a37ade0e, 0x3a31fc631, 0x7a31f463e, 0x3a308422e, 0x7a318c63e, 0x7e10f421f, 0x7e10f4210, 0x3a30bc62f,
    0x4631fc631, 0x38842108e, 0x1c4210a4c, 0x4654c5251, 0x42108421f, 0x4775ac631, 0x4739ace71, 0x3a318c62e,
    0x7a31f4210, 0x3a318d64d, 0x7a31f5251, 0x3a307062e, 0x7c8421084, 0x46318c62e, 0x46318a944, 0x4631ad771,
    0x462a22a31, 0x463151084, 0x7c222221f, 0x39084210e, 0x420820821, 0x38421084e, 0x115100000, 0x00000001f,
    0x208000000, 0x000e0be2f, 0x421e8c63e, 0x000e8422e, 0x042f8c62f, 0x000e8fe0e, 0x1928f2108, 0x000f8bc2e,
    0x421e8c631, 0x100c2108e, 0x080610a4c, 0x4212a6292, 0x30842108e, 0x001aad6b5, 0x001e8c631, 0x000e8c62e,
    0x001e8fa10, 0x000f8bc21, 0x0016cc210, 0x000f8383e, 0x211e42126, 0x00118c66d, 0x00118c544, 0x0011ad6aa,
    0x001151151, 0x00118bc2e, 0x001f1111f, 0x0c8441083, 0x108421084, 0x608411098, 0x0009ac800,
};

}  // namespace

int64_t text_width(const std::string& text, int64_t scale) {
  return text.empty() ? 0 : (static_cast<int64_t>(text.size()) * kGlyphAdvance - 1) * scale;
}

void draw_text(Picture& picture, const std::string& text, int64_t top, int64_t left, uint8_t value,
               int64_t scale) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    const uint64_t glyph = kGlyphs[letter - ' '];
    const int64_t start = left + static_cast<int64_t>(i) * kGlyphAdvance * scale;
    for (int64_t y = 0; y < kGlyphHeight * scale; ++y) {
      for (int64_t x = 0; x < 5 * scale; ++x) {
        const int64_t bit = 34 - (y / scale * 5 + x / scale);
        if (!(glyph >> bit & 1)) continue;
        const int64_t py = top + y, px = start + x;
        if (py < 0 || px < 0 || py >= picture.height || px >= picture.width) continue;
        std::fill_n(picture.at(py, px), picture.channels, value);
      }
    }
  }
}

}  // namespace ganymede::data
