#include "gan/parts/style_picture.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/picture_file.h"
#include "gan/data/random.h"

namespace ganymede {

data::Picture mosaic(int64_t side) {
  struct Tile {
    double y, x;
    size_t colour;
  };
  constexpr std::array<std::array<uint8_t, 3>, 5> kColours{{{200, 60, 40}, {240, 180, 60}, {40, 120, 160}, {230, 225, 205}, {60, 150, 90}}};
  constexpr int64_t kAcross = 6;    // tiles a side
  data::Random random(1, 0);
  const double pitch = double(side) / kAcross;
  std::vector<Tile> tiles;
  for (int64_t i = -1; i <= kAcross; ++i)
    for (int64_t j = -1; j <= kAcross; ++j)
      tiles.push_back({(double(i) + random.uniform(0.1, 0.9)) * pitch, (double(j) + random.uniform(0.1, 0.9)) * pitch, size_t(random.below(int64_t(kColours.size())))});
  data::Picture p(side, side, 3);
  for (int64_t y = 0; y < side; ++y)
    for (int64_t x = 0; x < side; ++x) {
      double nearest = 1e300, next = 1e300;
      size_t colour = 0;
      for (const Tile& t : tiles) {
        const double d = std::hypot(double(y) + 0.5 - t.y, double(x) + 0.5 - t.x);
        if (d < nearest) next = nearest, nearest = d, colour = t.colour;
        else next = std::min(next, d);
      }
      const bool joint = next - nearest < 0.2 * pitch;
      for (size_t c = 0; c < 3; ++c) p.at(y, x)[c] = joint ? 30 : kColours[colour][c];
    }
  return p;
}

Tensor style_picture(const std::string& file, int64_t side, int64_t channels) {
  const data::Picture p = data::with_channels(file.empty() ? mosaic(side) : data::read_picture(file), channels);
  if (std::min(p.height, p.width) < 16) throw UsageError(text(file, ": ", p.width, "x", p.height, " pixels; a style needs 16 a side"));
  std::vector<float> values(p.pixels.size());
  data::to_float(p, values.data());
  const Tensor x = tensor(values, Shape{1, p.height, p.width, channels}, context().dtype, context().device);
  const double factor = double(side) / double(std::min(p.height, p.width));
  const auto scaled = [&](int64_t n) { return std::max<int64_t>(side, std::llround(double(n) * factor)); };
  return resize(x, scaled(p.height), scaled(p.width), Interpolation::linear, false, true);
}

}  // namespace ganymede
