#include "gan/uses/detection.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/metrics/ranking.h"
#include "gan/pictures.h"
#include "gan/run/format.h"
#include "gan/uses/latent_tasks.h"

namespace ganymede {
namespace {

constexpr int64_t kTogether = 64;         // pictures that go through the networks at once
constexpr size_t kMostOnSheet = 16;
constexpr double kFalseAlarms = 0.05;     // of `threshold`
constexpr size_t kMostCompared = 2000;    // normal pictures that auroc_nearest looks through

// Grey, -1 where nothing differs.
Tensor difference(const Tensor& x, const Tensor& made) { return mean(abs(x - made), {3}, true) - 1.0; }

std::vector<double> numbers_of(const Detector::Score& s, const Tensor& x, const Tensor& made) {
  std::vector<double> values = s.of(x, made).to_doubles();
  for (const double v : values) require(std::isfinite(v), "the score ", s.name, " of a picture is ", v, ": the run has diverged");
  return values;
}

// What all measures are read off: numbers of test pictures, normal [0] and anomalous [1].
struct Judged {
  std::vector<std::vector<double>> scores[2];    // by score
  std::vector<std::vector<float>> pictures[2];
};

Judged judged(const Detector& d, const Evaluation& e) {
  Judged j;
  for (auto& side : j.scores) side.resize(d.scores.size());
  e.each_batch([&](const Batch& b) {
    const Tensor x = b.image(), made = d.made(x);
    const std::vector<int64_t> kinds = b.fields.count("anomalous") ? b["anomalous"].to_integers() : std::vector<int64_t>(size_t(b.size), 0);
    for (size_t s = 0; s < d.scores.size(); ++s) {
      const std::vector<double> values = numbers_of(d.scores[s], x, made);
      for (size_t i = 0; i < kinds.size(); ++i) j.scores[kinds[i] != 0][s].push_back(values[i]);
    }
    const std::vector<float> pixels = x.to_floats();
    const size_t each = pixels.size() / kinds.size();
    for (size_t i = 0; i < kinds.size(); ++i) j.pictures[kinds[i] != 0].emplace_back(pixels.begin() + int64_t(i * each), pixels.begin() + int64_t((i + 1) * each));
  });
  return j;
}

double auroc_of_nearest(const Judged& j) {
  const auto& known = j.pictures[0];
  const size_t compared = std::min(known.size(), kMostCompared);
  std::vector<double> nearest[2];
  for (size_t kind = 0; kind < 2; ++kind) {
    const auto& pictures = j.pictures[kind];
    nearest[kind].assign(pictures.size(), INFINITY);
#pragma omp parallel for schedule(dynamic, 16)
    for (size_t i = 0; i < pictures.size(); ++i)
      for (size_t k = 0; k < compared; ++k) {
        if (kind == 0 && k == i) continue;
        const float *x = pictures[i].data(), *y = known[k].data();
        const size_t count = known[k].size();
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t p = 0; p < count; ++p) sum += (x[p] - y[p]) * (x[p] - y[p]);
        nearest[kind][i] = std::min(nearest[kind][i], double(sum));
      }
  }
  return known.size() < 2 ? std::nan("") : metrics::auroc(nearest[0], nearest[1]);
}

std::vector<Measure> measures_of(const Detector& d) {
  const auto found = [d](const Evaluation& e) -> const Judged& { return e.once<Judged>("judged", [&] { return judged(d, e); }); };
  std::vector<Measure> all;
  for (size_t s = 0; s < d.scores.size(); ++s)
    all.push_back({s == 0 ? "auroc" : "auroc_" + d.scores[s].name,
                   s == 0 ? "how often an anomalous test picture has a higher score than a normal one, 0.5 by chance, 1 is best; score: " + d.scores[s].text + "; needs data normal:..." : "the same of another score: " + d.scores[s].text,
                   [=](const Evaluation& e) { return metrics::auroc(found(e).scores[0][s], found(e).scores[1][s]); }});
  all.push_back({"auroc_nearest", text("the same of the distance to the nearest of at most ", kMostCompared, " other normal test pictures, which takes no network"), [=](const Evaluation& e) { return auroc_of_nearest(found(e)); }});
  const auto limit = [=](const Evaluation& e) { return metrics::exceeded_by(found(e).scores[0][0], kFalseAlarms); };
  all.push_back({"threshold", text("the score that ", 100 * kFalseAlarms, " % of the normal test pictures exceed; apply RUN detect --set threshold=..."), limit});
  all.push_back({"found", "share of the anomalous test pictures whose score exceeds the threshold; 1 is best", [=](const Evaluation& e) {
                   const std::vector<double>& scores = found(e).scores[1][0];
                   const double least = limit(e);
                   return scores.empty() ? std::nan("") : double(std::ranges::count_if(scores, [&](double s) { return s > least; })) / double(scores.size());
                 }});
  return all;
}

Task detect_task(const Detector& d, const DataFacts& facts) {
  const auto run = [=](const TaskInput& in) -> std::vector<Result> {
    const double threshold = in.settings.number("threshold", -1, "a score from which on a picture is called anomalous; evaluate measures one; below 0: none");
    in.settings.check_all_read();
    struct Seen {
      std::string name;
      std::vector<double> scores;
      data::Picture pictures[3];   // as it goes in, what is made instead, the difference
    };
    std::vector<Seen> all;
    for (size_t first = 0; first < in.pictures.size(); first += size_t(kTogether)) {
      const size_t last = std::min(in.pictures.size(), first + size_t(kTogether));
      Tensors inputs;
      for (size_t i = first; i < last; ++i) inputs.push_back(as_input(in.pictures[i].picture, facts));
      const Tensor x = inputs.size() == 1 ? inputs[0] : concat(inputs, 0), made = d.made(x);
      const std::vector<data::Picture> shown[] = {to_pictures(x), to_pictures(made), to_pictures(difference(x, made))};
      for (size_t i = first; i < last; ++i) all.push_back({in.pictures[i].name, {}, {shown[0][i - first], shown[1][i - first], shown[2][i - first]}});
      for (const Detector::Score& s : d.scores) {
        const std::vector<double> values = numbers_of(s, x, made);
        for (size_t i = first; i < last; ++i) all[i].scores.push_back(values[i - first]);
      }
    }
    std::ranges::stable_sort(all, std::ranges::greater{}, [](const Seen& s) { return s.scores[0]; });

    std::vector<Result> results;
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Seen& s : all) {
      nlohmann::ordered_json one{{"picture", s.name}, {"score", s.scores[0]}};
      for (size_t k = 1; k < s.scores.size(); ++k) one[d.scores[k].name] = s.scores[k];
      if (threshold >= 0) one["anomalous"] = s.scores[0] > threshold;
      list.push_back(one);
      results.push_back({s.name, {s.pictures[2]}});
    }
    data::GridStyle style;
    const size_t columns = std::min(all.size(), kMostOnSheet);
    style.columns = int64_t(columns), style.row_labels = {"picture", "made", "differs"}, style.zoom = zoom_for(all[0].pictures[0].width);
    std::vector<data::Picture> cells;
    for (const auto row : {0, 1, 2})
      for (size_t i = 0; i < columns; ++i) cells.push_back(all[i].pictures[row]);
    for (size_t i = 0; i < columns; ++i) style.column_labels.push_back(run::short_number(all[i].scores[0]));
    results.push_back({"sheet", {data::grid(cells, style)}});
    results.push_back({"scores", {}, 0, list.dump(1)});
    return results;
  };
  return {"detect", "PICTURE...", "how unlike what was learned each is, most unlike first, and where (white); sheet shows the first 16 beside what the model makes instead", 1, 1 << 20, run};
}

}  // namespace

void add_detection_uses(Recipe& r, const Config& c, const Detector& d) {
  r.columns = [=, draw = r.latent.draw, decode = r.latent.decode](const Batch& b) -> std::vector<Column> {
    const Tensor x = b.image(), made = d.made(x);
    return {{"sample", decode(draw(b.size), {})}, {"picture", x}, {"made", made}, {"differs", difference(x, made)}};
  };
  r.tasks.push_back(detect_task(d, c.data));
  r.maps.push_back(picture_map("difference", "how much each pixel differs from what the model makes instead, -1 nothing", [=](const Tensor& x) { return difference(x, d.made(x)); }, c.data.channels));
  for (Measure& m : measures_of(d)) r.measures.push_back(std::move(m));
}

}  // namespace ganymede
