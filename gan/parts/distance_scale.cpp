#include "gan/parts/distance_scale.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/dataset.h"

namespace ganymede {
namespace {

// Mean |x - y| of n numbers. The lanes are added last, so that the loop has no order to keep.
double apart(const float* x, const float* y, size_t n) {
  constexpr size_t kLanes = 16;
  float lanes[kLanes] = {};
  size_t at = 0;
  for (; at + kLanes <= n; at += kLanes)
    for (size_t k = 0; k < kLanes; ++k) lanes[k] += std::abs(x[at + k] - y[at + k]);
  double sum = 0;
  for (; at < n; ++at) sum += std::abs(x[at] - y[at]);
  for (const float lane : lanes) sum += lane;
  return sum / double(n);
}

struct Moments {
  double count = 0, sum = 0, squares = 0;
  void add(double d) { ++count, sum += d, squares += d * d; }
  double mean() const { return sum / count; }
  double deviation() const { return std::sqrt(std::max(0.0, squares / count - mean() * mean())); }
};

struct Pictures {
  int64_t count = 0;
  size_t size = 0;         // numbers of one
  std::vector<float> values;
  const float* operator[](int64_t i) const { return values.data() + size_t(i) * size; }
};

Pictures read(const DataFacts& data, const std::string& field, int64_t items) {
  Pictures p;
  p.count = std::min(items, data.count);
  for (int64_t at = 0; at < p.count;) {
    std::vector<int64_t> rows;
    for (; at < p.count && rows.size() < 64; ++at) rows.push_back(at * data.count / p.count);
    const data::HostBatch host = data.read(rows);
    const auto v = host.real(field);
    p.size = v.size() / rows.size();
    p.values.insert(p.values.end(), v.begin(), v.end());
  }
  return p;
}

void assign_scale(const Tensor& to, const Moments& m, const std::string& field, const char* what, double unit) {
  if (m.count < 2 || m.deviation() <= 0) throw UsageError(text("distances between ", what, " of side ", field, " do not differ (", m.count, " of them, deviation ", m.count ? m.deviation() : 0.0, "): set normalised=false, or take other data"));
  assign(to, tensor(std::vector<double>{m.mean() * unit, m.deviation() * unit}, to.shape(), to.dtype(), to.device()));
}

}  // namespace

DistanceScales keep_distance_scales(Recipe& r, const Config& c, const std::string& field, int64_t items, double unit) {
  const Tensor pairs = r.keep("pairs." + field, concat({zeros({1}), ones({1})}, 0)), halves = r.keep("halves." + field, concat({zeros({1}), ones({1})}, 0));
  if (c.trains && c.data.read && !is_plan(context().device)) {
    const Pictures p = read(c.data, field, items);
    Moments of_pairs, of_halves;
    for (int64_t i = 0; i < p.count; ++i) {
      of_halves.add(apart(p[i], p[i] + p.size / 2, p.size / 2));
      for (int64_t j = 0; j < i; ++j) of_pairs.add(apart(p[i], p[j], p.size));
    }
    assign_scale(pairs, of_pairs, field, "pictures", unit), assign_scale(halves, of_halves, field, "halves of pictures", unit);
  }
  const auto scale = [](const Tensor& t) { return DistanceScale{t.rows(0, 1), t.rows(1, 2)}; };
  return {scale(pairs), scale(halves)};
}

}  // namespace ganymede
