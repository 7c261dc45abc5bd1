#include "gan/metrics/modes.h"

#include <cmath>
#include <limits>

#include "engine/check.h"

namespace ganymede::metrics {

Modes count_modes(const Rows& points, const data::Mixture& mixture) {
  require(points.count > 0, "modes of ", mixture.name, " among no samples");
  require(size_t(points.width) == mixture.dimensions(), "modes of ", mixture.name, ": points of ", points.width, " numbers, the mixture has ", mixture.dimensions(), " dimensions");
  std::vector<int64_t> near(mixture.centres.size(), 0);
  int64_t good = 0;
  for (int64_t i = 0; i < points.count; ++i) {
    double best = std::numeric_limits<double>::infinity();
    size_t mode = 0;
    for (size_t m = 0; m < near.size(); ++m) {
      double d = 0;
      for (int64_t k = 0; k < points.width; ++k) d += std::pow(points.row(i)[size_t(k)] - mixture.centres[m][size_t(k)], 2);
      if (d < best) best = d, mode = m;
    }
    if (best <= 9 * mixture.deviation * mixture.deviation) ++near[mode], ++good;
  }
  Modes out;
  out.quality = double(good) / double(points.count);
  out.divergence = good ? 0 : std::numeric_limits<double>::quiet_NaN();
  for (const int64_t n : near) {
    out.hit += n > 0;
    out.share.push_back(double(n) / double(points.count));
    if (n > 0) out.divergence += double(n) / double(good) * std::log(double(n) / double(good) * double(near.size()));
  }
  return out;
}

}  // namespace ganymede::metrics
