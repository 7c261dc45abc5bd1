#include "gan/uses/mode_measures.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/check.h"

namespace ganymede {
namespace {

// The modes of labelled points: their middles and the deviation of a coordinate.
struct Modes {
  std::map<int64_t, std::vector<double>> middle;
  double deviation = 0;

  Modes(const std::vector<double>& points, const std::vector<int64_t>& labels) {
    const size_t width = points.size() / labels.size();
    std::map<int64_t, double> count;
    for (size_t i = 0; i < labels.size(); ++i) {
      auto& m = middle[labels[i]];
      m.resize(width);
      for (size_t d = 0; d < width; ++d) m[d] += points[i * width + d];
      ++count[labels[i]];
    }
    for (auto& [label, m] : middle)
      for (double& v : m) v /= count[label];
    for (size_t i = 0; i < labels.size(); ++i) deviation += square_distance(&points[i * width], middle.at(labels[i]));
    deviation = std::sqrt(deviation / double(points.size()));
  }
  static double square_distance(const double* p, const std::vector<double>& m) {
    double s = 0;
    for (size_t d = 0; d < m.size(); ++d) s += (p[d] - m[d]) * (p[d] - m[d]);
    return s;
  }
  // The nearest mode and the distance to it.
  std::pair<int64_t, double> nearest(const double* p) const {
    std::pair<int64_t, double> best{-1, 1e300};
    for (const auto& [label, m] : middle)
      if (const double d = square_distance(p, m); d < best.second) best = {label, d};
    return {best.first, std::sqrt(best.second)};
  }
};

struct Points {
  std::vector<double> values;
  std::vector<int64_t> labels;
  void add(const Tensor& x, const Tensor& label) {
    const auto v = x.to_doubles();
    values.insert(values.end(), v.begin(), v.end());
    if (!label) return;
    const auto l = label.to_integers();
    labels.insert(labels.end(), l.begin(), l.end());
  }
};

// What a pass over the data finds.
struct Landing {
  double shared = 0, met = 0, on_mode = 0, returned = 0;
};

Landing landing(const Evaluation& e, const PointMap& to_b, const PointMap& to_a) {
  Points a, b, made, back;
  e.each_batch([&](const Batch& batch) {
    a.add(batch["a"], batch["label"]), b.add(batch["b"], batch["label_b"]);
    const Tensor y = to_b(batch["a"]);
    made.add(y, {}), back.add(to_a(y), {});
  });
  require(!a.labels.empty(), "nothing to measure: the test split is empty");
  const Modes of_a(a.values, a.labels), of_b(b.values, b.labels);
  const size_t n = a.labels.size(), width = a.values.size() / n;
  std::map<int64_t, double> all, mine;                     // points at a mode of b; points of a mode of a
  std::map<int64_t, std::map<int64_t, double>> from;       // mode of b -> mode of a -> points
  Landing out;
  for (size_t i = 0; i < n; ++i) {
    const auto [mode, distance] = of_b.nearest(&made.values[i * width]);
    ++from[mode][a.labels[i]], ++all[mode], ++mine[a.labels[i]];
    out.on_mode += distance <= 3 * of_b.deviation;
    out.returned += of_a.nearest(&back.values[i * width]).first == a.labels[i];
  }
  out.on_mode /= double(n), out.returned /= double(n);
  std::set<std::pair<int64_t, int64_t>> together;
  for (const auto& [mode, counts] : from) {
    out.met += all[mode] >= 0.01 * double(n);
    for (const auto& [one, of_one] : counts)
      for (const auto& [other, of_other] : counts)
        if (one < other && of_one >= 0.05 * mine[one] && of_other >= 0.05 * mine[other]) together.insert({one, other});
  }
  out.shared = double(together.size());
  return out;
}

}  // namespace

std::vector<Measure> mode_map_measures(const PointMap& to_b, const PointMap& to_a) {
  const auto measure = [=](const char* name, const char* text, double Landing::*part) {
    return Measure{name, text, [=](const Evaluation& e) { return landing(e, to_b, to_a).*part; }};
  };
  return {measure("modes-shared", "pairs of modes of a that meet on a mode of b, each with at least 5 % of its points; 0 is best", &Landing::shared),
          measure("modes-met", "modes of b that are nearest to at least 1 % of G(a)", &Landing::met),
          measure("on-mode", "share of G(a) within three deviations of a mode of b, 0 to 1", &Landing::on_mode),
          measure("returned", "share of a that F(G(a)) brings nearest to its own mode, 0 to 1", &Landing::returned)};
}

}  // namespace ganymede
