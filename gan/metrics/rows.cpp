#include "gan/metrics/rows.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"

namespace ganymede::metrics {

void Rows::append(std::span<const float> rows) {
  require(width > 0 && rows.size() % size_t(width) == 0, "rows of ", width, " numbers: ", rows.size(), " numbers are not whole rows");
  values.insert(values.end(), rows.begin(), rows.end());
  count += int64_t(rows.size()) / width;
}

Rows Rows::first(int64_t n) const {
  Rows out(std::min(n, count), width);
  std::copy_n(values.begin(), out.values.size(), out.values.begin());
  return out;
}

Rows Rows::chosen(const std::vector<int64_t>& which) const {
  Rows out(int64_t(which.size()), width);
  for (size_t i = 0; i < which.size(); ++i) {
    const auto from = row(which[i]);
    std::copy(from.begin(), from.end(), out.row(int64_t(i)).begin());
  }
  return out;
}

std::vector<int64_t> largest_columns(const Rows& rows) {
  std::vector<int64_t> out(size_t(rows.count));
  for (int64_t i = 0; i < rows.count; ++i) {
    const auto r = rows.row(i);
    out[size_t(i)] = std::max_element(r.begin(), r.end()) - r.begin();
  }
  return out;
}

Spread spread_of(const std::vector<double>& values) {
  Spread out;
  const double n = double(values.size());
  for (const double v : values) out.mean += v / n;
  for (const double v : values) out.deviation += (v - out.mean) * (v - out.mean) / n;
  out.deviation = std::sqrt(out.deviation);
  return out;
}

}  // namespace ganymede::metrics
