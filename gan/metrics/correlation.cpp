#include "gan/metrics/correlation.h"

#include <cmath>

#include "engine/check.h"

namespace ganymede::metrics {

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  require(x.size() == y.size(), "correlation: ", x.size(), " numbers and ", y.size());
  const double n = double(x.size());
  double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) mx += x[i] / n, my += y[i] / n;
  for (size_t i = 0; i < x.size(); ++i) xx += (x[i] - mx) * (x[i] - mx), yy += (y[i] - my) * (y[i] - my), xy += (x[i] - mx) * (y[i] - my);
  return xx * yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

}  // namespace ganymede::metrics
