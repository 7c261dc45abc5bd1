#include "gan/uses/associated_uses.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/ops.h"

namespace ganymede {
namespace {

using Judge = std::function<Tensor(const Tensor&, const Tensor&)>;

constexpr int64_t kCandidates = 10;   // of the measure found

Tensor fitted(const Tensor& x, int64_t size) { return x.dim(1) == size && x.dim(2) == size ? x : resize(x, size, size, Interpolation::linear, false, true); }

// `rank`: which of the pictures belong to the first one, by the judge.
Task rank_task(const Judge& judge, const Direction& d, int64_t size) {
  const auto run = [=](const TaskInput& in) -> std::vector<Result> {
    const Tensor x = fitted(network_input(in.pictures[0], "picture", d.in), size);
    std::vector<double> score;
    for (size_t i = 1; i < in.pictures.size(); ++i) score.push_back(judge(x, fitted(network_input(in.pictures[i], "picture", d.out), size)).item());
    std::vector<size_t> order(score.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, std::ranges::greater{}, [&](size_t i) { return score[i]; });
    nlohmann::json list = nlohmann::json::array();
    for (const size_t i : order) list.push_back({{"picture", in.pictures[i + 1].name}, {"score", score[i]}});
    return {{in.pictures[0].name, {}, 0, list.dump(1)}};
  };
  return {"rank", "SOURCE TARGET...", "the targets by the discriminator's score that they belong to the source, best first", 2, 1 << 20, run};
}

// Of those outputs whose target has a label, the share in which the classifier sees the same `word` of its class (-1: all of it).
Measure shows_measure(const std::string& name, const std::string& what, int word, const std::function<Tensor(const Batch&)>& made) {
  const auto part = [word](const std::string& of) {
    const size_t space = of.find(' ');
    return word < 0 ? of : word == 0 ? of.substr(0, space) : of.substr(space + 1);
  };
  return {name, text("share of outputs in which a classifier that was trained apart on targets sees the ", what, " of the target; 1 is best; needs data with labels of both sides"), [=](const Evaluation& e) {
    const bool two_words = std::ranges::all_of(e.class_names, [](const std::string& n) { return std::ranges::count(n, ' ') == 1; });
    if (!e.classify || (word >= 0 && !two_words)) return std::nan("");
    double right = 0, of = 0;
    e.each_batch([&](const Batch& b) {
      const std::vector<int64_t> said = argmax(e.classify(made(b)), 1).to_integers(), truth = b["label_b"].to_integers();
      for (size_t i = 0; i < said.size(); ++i, ++of) right += part(e.class_names[size_t(said[i])]) == part(e.class_names[size_t(truth[i])]);
    });
    return right / of;
  }, true};
}

}  // namespace

void add_associated_uses(Recipe& r, const Direction& d, int64_t size, const std::function<Tensor(const Tensor&)>& convert, const Judge& judge) {
  const auto map = [=](const Tensor& x) { return convert(fitted(x, size)); };
  const auto made = [=](const Batch& b) { return in_chunks(map, b[d.input], 64); };
  r.sample = [=](int64_t n, const Batch& b) { return made({n, {{d.input, b[d.input].rows(0, n)}}}); };
  r.columns = [=](const Batch& b) -> std::vector<Column> { return {{"input", b[d.input]}, {"output", made(b)}, {"target", b[d.target]}}; };
  r.tasks.push_back(translate_task({map, d.in}));
  r.maps.push_back(exported_map("translate", {convert, d.in, size}));
  add_pair_measures(r, d, made);
  r.measures.push_back(mean_measure("l2_other", "mean (output - target of another)^2: what l2 would be by chance", [=](const Batch& b) { return mean(square(made(b) - b[d.target + "_other"])).item(); }));
  if (d.target == "b")
    for (const auto& [name, what, word] : {std::tuple{"class", "class", -1}, {"colour", "first word of the class", 0}, {"shape", "second word of the class", 1}}) r.measures.push_back(shows_measure(text("shows-", name), what, word, made));
  if (!judge) return;
  r.tasks.push_back(score_task(judge, d, true));
  r.tasks.push_back(rank_task(judge, d, size));
  r.measures.push_back(mean_measure("associated", "share of pairs that D_A gets right, half of them a source and its target, half a source and another's; 1/2 is chance", [=](const Batch& b) {
    const auto above = [&](const Tensor& y) { return mean(greater(judge(b[d.input], y), full({b.size, 1, 1, 1}, 0.5))).item(); };
    return (above(b[d.target]) + 1 - above(b[d.target + "_other"])) / 2;
  }));
  r.measures.push_back({"found", text("share of sources whose own target has the highest score of D_A among ", kCandidates, "; ", 1.0 / kCandidates, " is chance"), [=](const Evaluation& e) {
    double found = 0, of = 0;
    e.each_batch([&](const Batch& b) {
      if (b.size < kCandidates) return;
      const std::vector<double> own = judge(b[d.input], b[d.target]).to_doubles();
      std::vector<bool> best(own.size(), true);
      for (int64_t shift = 1; shift < kCandidates; ++shift) {   // batches of a test split hold sources of products one after the other
        const std::vector<double> wrong = judge(b[d.input], roll(b[d.target], shift)).to_doubles();
        for (size_t i = 0; i < own.size(); ++i) best[i] = best[i] && own[i] > wrong[i];
      }
      found += double(std::ranges::count(best, true)), of += double(own.size());
    });
    return of > 0 ? found / of : std::nan("");
  }});
}

}  // namespace ganymede
