#include "gan/metrics/columns.h"

#include <cmath>
#include <numeric>

namespace ganymede::metrics {

void Columns::add(const Tensor& rows) {
  const auto v = rows.to_doubles();
  values.resize(size_t(rows.dim(1)));
  for (size_t i = 0; i < v.size(); ++i) values[i % values.size()].push_back(v[i]);
}

double Columns::mean(size_t k) const { return std::accumulate(values[k].begin(), values[k].end(), 0.0) / double(values[k].size()); }

double Columns::deviation(size_t k) const {
  const double m = mean(k);
  double sum = 0;
  for (const double x : values[k]) sum += (x - m) * (x - m);
  return std::sqrt(sum / double(values[k].size()));
}

}  // namespace ganymede::metrics
