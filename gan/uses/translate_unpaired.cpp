#include <algorithm>
#include <cmath>
#include <complex>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/translation.h"
#include "gan/metrics/correlation.h"
#include "gan/metrics/frechet.h"
#include "gan/metrics/random_features.h"
#include "gan/uses/outstanding.h"
#include "gan/uses/translate.h"

namespace ganymede {
namespace {

// Mean and spread of each channel of each picture: what a rule that knows nothing of the discriminators goes by.
std::vector<std::vector<double>> means_and_spreads(const Tensor& x) {
  const Tensor m = mean(x, {1, 2}, true), spread = sqrt(mean(square(x - m), {1, 2}));
  const std::vector<double> means = m.to_doubles(), spreads = spread.to_doubles();
  const size_t channels = size_t(x.dim(3));
  std::vector<std::vector<double>> rows;
  for (size_t i = 0; i < size_t(x.dim(0)); ++i) {
    auto& row = rows.emplace_back();
    for (size_t k = 0; k < channels; ++k) row.push_back(means[i * channels + k]), row.push_back(spreads[i * channels + k]);
  }
  return rows;
}

struct Centre {
  std::vector<double> mean, variance;
  explicit Centre(const std::vector<std::vector<double>>& rows) : mean(rows.at(0).size()), variance(rows[0].size()) {
    const double n = double(rows.size());
    for (const auto& r : rows)
      for (size_t k = 0; k < r.size(); ++k) mean[k] += r[k] / n;
    for (const auto& r : rows)
      for (size_t k = 0; k < r.size(); ++k) variance[k] += (r[k] - mean[k]) * (r[k] - mean[k]) / n;
  }
  // -2 log likelihood under independent normals, but for a constant.
  double surprise(const std::vector<double>& row) const {
    double s = 0;
    for (size_t k = 0; k < row.size(); ++k) s += (row[k] - mean[k]) * (row[k] - mean[k]) / (variance[k] + 1e-4) + std::log(variance[k] + 1e-4);
    return s;
  }
};

// The share of results that are no less likely among the pictures of the other side than 99 of 100 of those are.
double domain_share(const Evaluation& e, const Translator& t, const char* from, const char* to) {
  std::vector<std::vector<double>> real, made;
  const auto add = [](auto& rows, const Tensor& x) {
    for (auto& row : means_and_spreads(x)) rows.push_back(std::move(row));
  };
  e.each_batch([&](const Batch& b) { add(real, b[to]), add(made, translated(t, b[from])); });
  require(!made.empty(), "nothing to measure: the test split is empty");
  const Centre side(real);
  std::vector<double> surprises;
  for (const auto& row : real) surprises.push_back(side.surprise(row));
  const auto limit = surprises.begin() + int64_t(0.99 * double(surprises.size() - 1));
  std::nth_element(surprises.begin(), limit, surprises.end());
  const auto alike = std::count_if(made.begin(), made.end(), [&](const auto& row) { return side.surprise(row) <= *limit; });
  return double(alike) / double(made.size());
}

// How much of the way to the other side is left: of distances of whole sets in features that see stripes and edges as well as colours.
double distance_left(const Evaluation& e, const Translator& t, const char* from, const char* to) {
  constexpr int64_t kPositions = 1000000;
  metrics::Rows own(0, metrics::kRandomFeatures), other = own, made = own;
  e.each_batch([&](const Batch& b) {
    if (made.count >= kPositions) return;
    own.append(metrics::random_features(b[from]).values);
    other.append(metrics::random_features(b[to]).values);
    made.append(metrics::random_features(translated(t, b[from])).values);
  });
  require(made.count > 0, "nothing to measure: the test split is empty");
  const auto goal = metrics::gaussian_of(other);
  return metrics::frechet_distance(metrics::gaussian_of(made), goal) / std::max(metrics::frechet_distance(metrics::gaussian_of(own), goal), 1e-300);
}

// Mean over pictures of the intersection over union of what stands out in G(x) and in what it should have been.
double place_kept(const Evaluation& e, const Translator& t, const char* side, const std::string& truth) {
  double sum = 0, pictures = 0;
  bool known = true;
  e.each_batch([&](const Batch& b) {
    if (!b.fields.count(truth)) { known = false; return; }
    const Tensor made = translated(t, b[side]);
    for (int64_t i = 0; i < b.size; ++i) {
      const auto p = what_stands_out(made, i), q = what_stands_out(b[truth], i);
      double both = 0, either = 0;
      for (size_t k = 0; k < p.size(); ++k) both += p[k] && q[k], either += p[k] || q[k];
      sum += either > 0 ? both / either : 1, pictures += 1;
    }
  });
  return known ? sum / pictures : std::nan("");
}

// Correlation of the distances between pictures of a batch (of one: to the batch before) and between what is made of them.
double spacing_kept(const Evaluation& e, const Translator& t, const char* side) {
  struct Distances {
    std::vector<double> all;
    Tensor before;
    void add(const Tensor& x) {
      const bool one = x.dim(0) == 1;
      if (!one || before) {
        const std::vector<double> found = pair_distances(one ? concat({before, x}, 0) : x).to_doubles();
        all.insert(all.end(), found.begin(), found.end());
      }
      if (one) before = x.constant() + 0.0;   // of its own: the batch's memory is filled anew
    }
  } given, got;
  e.each_batch([&](const Batch& b) { given.add(b[side]), got.add(translated(t, b[side])); });
  return given.all.size() < 2 ? std::nan("") : metrics::correlation(given.all, got.all);
}

// Radians by which a triangle is turned, from -pi / 3 to pi / 3: a third of the angle of its third moment.
double turn_of(const std::vector<bool>& mask, int64_t width) {
  std::complex<double> middle, moment;
  double count = 0;
  const auto at = [&](size_t k) { return std::complex<double>(double(int64_t(k) % width), double(int64_t(k) / width)); };
  for (size_t k = 0; k < mask.size(); ++k)
    if (mask[k]) middle += at(k), ++count;
  middle /= std::max(count, 1.0);
  for (size_t k = 0; k < mask.size(); ++k)
    if (mask[k]) moment += std::pow(at(k) - middle, 3);
  return std::arg(moment * std::complex<double>(0, -1)) / 3;
}

}  // namespace

Measure turn_measure(const std::string& name, const std::string& text, const Translator& t, const std::string& side) {
  return {name, text, [=](const Evaluation& e) {
            std::vector<double> given, got;
            e.each_batch([&](const Batch& b) {
              const Tensor made = translated(t, b[side]);
              for (int64_t i = 0; i < b.size; ++i) given.push_back(turn_of(what_stands_out(b[side], i), made.dim(2))), got.push_back(turn_of(what_stands_out(made, i), made.dim(2)));
            });
            require(!given.empty(), "nothing to measure: the test split is empty");
            return std::abs(metrics::correlation(given, got));
          }};
}

void add_turn_measures(Recipe& r, const Translator& to_b, const Translator& to_a) {
  r.measures.push_back(turn_measure("turn_b", "correlation of how triangles are turned in a and in G(a), its size; 1 is best; says something of data with kinds=triangle alone", to_b, "a"));
  if (to_a.map) r.measures.push_back(turn_measure("turn_a", "the same of b and F(b)", to_a, "b"));
}

void add_unpaired_uses(Recipe& r, const Translator& to_b, const Translator& to_a, const std::function<Tensor(const Tensor&)>& judge_b,
                       const std::function<Tensor(const Tensor&)>& judge_a) {
  const bool back = to_a.map != nullptr;
  r.sample = [=](int64_t n, const Batch& b) { return translated(to_b, b["a"].rows(0, n)); };
  r.columns = [=](const Batch& b) -> std::vector<Column> {
    const Tensor in_b = translated(to_b, b["a"]);
    if (!back) return {{"a", showable(b["a"])}, {"a to b", showable(in_b)}, {"b", showable(b["b"])}};
    const Tensor in_a = translated(to_a, b["b"]);
    return {{"a", showable(b["a"])}, {"a to b", showable(in_b)}, {"and back", showable(translated(to_a, in_b))},
            {"b", showable(b["b"])}, {"b to a", showable(in_a)}, {"and back", showable(translated(to_b, in_a))}};
  };
  const auto forward = [back](const Config& settings) { return !back || settings.choice("direction", {"AtoB", "BtoA"}, "from which side to which") == "AtoB"; };
  Task translate = translate_task(to_b);
  translate.run = [=](const TaskInput& in) { return translate_task(forward(in.settings) ? to_b : to_a).run(in); };
  if (back) translate.help += "; direction=BtoA goes back";
  r.tasks.push_back(translate);
  r.maps.push_back(exported_map("translate", to_b));
  if (back) r.maps.push_back(exported_map("translate-back", to_a));
  Task score = score_task({}, {}, false);
  score.run = [=](const TaskInput& in) {
    const bool of_b = forward(in.settings);
    const auto judge = of_b ? judge_b : judge_a;
    return score_task([judge](const Tensor&, const Tensor& y) { return judge(y); }, {"a", "b", to_b.in, of_b ? to_a.in : to_b.in}, false).run(in);
  };
  score.help += back ? "; direction=AtoB: as a picture of side b, BtoA: of side a" : ", as one of side b";
  r.tasks.push_back(score);

  const auto apart = [](const Tensor& x, const Tensor& y) { return mean(abs(x - y)).item(); };
  const auto mean_of = [&r](const std::string& name, const std::string& text, std::function<double(const Batch&)> f) { r.measures.push_back(mean_measure(name, text, std::move(f))); };
  if (back) {
    mean_of("cycle_a", "mean |F(G(a)) - a|, pixels in [-1, 1]; low says little by itself: the way back can be hidden in the result", [=](const Batch& b) { return apart(translated(to_a, translated(to_b, b["a"])), b["a"]); });
    mean_of("cycle_b", "mean |G(F(b)) - b|, pixels in [-1, 1]", [=](const Batch& b) { return apart(translated(to_b, translated(to_a, b["b"])), b["b"]); });
  }
  const auto measure_way = [&](const Translator& t, const char* from, const char* to, const std::string& made, const std::string& truth) {
    const std::string end = text("_", to);
    r.measures.push_back({"domain" + end, text("share of ", made, " that look like side ", to, ", by means and spreads of its channels: no less likely there than 99 % of the real ones, under independent normals; 1 is best"),
                          [=](const Evaluation& e) { return domain_share(e, t, from, to); }});
    if (to_a.in == to_b.in)
      r.measures.push_back({"distance" + end, text("Frechet distance of ", made, " to side ", to, " over that of ", from, " to it, in random features, every position a sample; 0 is best, 1: no nearer than before"),
                            [=](const Evaluation& e) { return distance_left(e, t, from, to); }});
    r.measures.push_back({"place" + end, text("intersection over union of what stands out from the ground (gaps of up to 4 pixels filled) in ", made, " and in the same scene on side ", to, "; 1 is best; needs data with truth=1"),
                          [=](const Evaluation& e) { return place_kept(e, t, from, truth); }});
    r.measures.push_back({"spacing" + end, text("correlation, over pairs of pictures, of mean |", from, " - another| and mean |", made, " - ", made, " of the other|; 1: distances are kept"), [=](const Evaluation& e) { return spacing_kept(e, t, from); }});
    mean_of("truth" + end, text("mean |", made, " - the same scene on side ", to, "|, pixels in [-1, 1]; needs data with truth=1"), [=](const Batch& b) { return b.fields.count(truth) ? apart(translated(t, b[from]), b[truth]) : std::nan(""); });
  };
  measure_way(to_b, "a", "b", "G(a)", "a_in_b");
  if (back) measure_way(to_a, "b", "a", "F(b)", "b_in_a");
  if (to_a.in == to_b.in) mean_of("same_b", "mean |G(b) - b|, pixels in [-1, 1]: what G does to its own side", [=](const Batch& b) { return apart(translated(to_b, b["b"]), b["b"]); });
}

}  // namespace ganymede
