// classes.txt of label maps, and a map to read by it, between them a line "==".
#include <sstream>

#include "gan/data/palette.h"
#include "tests/fuzz/fuzz.h"

using namespace ganymede;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parts = fuzz::parts_of(fuzz::text_of(data, size), 2);
  fuzz::accepted([&] {
    std::istringstream in(parts[0]);
    const data::Palette palette = data::parse_palette("classes.txt", in);
    data::Picture map(1, int64_t(parts[1].size() / 3), 3);
    for (size_t i = 0; i < map.pixels.size(); ++i) map.pixels[i] = uint8_t(parts[1][i]);
    const auto numbers = palette.read(map);
    for (const int64_t n : numbers) fuzz::demand(n >= -1 && n < palette.size(), "a number of the palette");
    // What is shown is read back, but for pixels without a meaning, which are white.
    const auto again = palette.read(palette.drawn(numbers, map.height, map.width));
    for (size_t i = 0; i < numbers.size(); ++i)
      if (numbers[i] >= 0) fuzz::demand(again[i] == numbers[i], "the meaning that is shown");
    for (const data::Meaning& m : palette.meanings()) fuzz::demand(data::rgb_of(data::hex(m.shown)) == m.shown, "a colour as words");
  });
  return 0;
}
