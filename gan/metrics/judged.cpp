#include "gan/metrics/judged.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "gan/data/random.h"

namespace ganymede::metrics {

Confusion::Confusion(int64_t classes) : classes_(classes), counts_(size_t(classes * classes), 0) {}

void Confusion::add(const std::vector<int64_t>& truth, const std::vector<int64_t>& predicted) {
  require(truth.size() == predicted.size(), "segmentation: ", truth.size(), " true labels, ", predicted.size(), " predicted");
  for (size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] < 0 || truth[i] >= classes_) continue;
    require(predicted[i] >= 0 && predicted[i] < classes_, "segmentation: class ", predicted[i], " predicted, there are ", classes_);
    ++counts_[size_t(truth[i] * classes_ + predicted[i])];
  }
}

int64_t Confusion::truths(int64_t c) const {
  int64_t n = 0;
  for (int64_t j = 0; j < classes_; ++j) n += at(c, j);
  return n;
}
int64_t Confusion::predictions(int64_t c) const {
  int64_t n = 0;
  for (int64_t j = 0; j < classes_; ++j) n += at(j, c);
  return n;
}

double Confusion::pixel_accuracy() const {
  double right = 0, all = 0;
  for (int64_t c = 0; c < classes_; ++c) right += double(at(c, c)), all += double(truths(c));
  return right / all;
}

double Confusion::class_accuracy() const {
  double sum = 0, n = 0;
  for (int64_t c = 0; c < classes_; ++c)
    if (const int64_t t = truths(c)) sum += double(at(c, c)) / double(t), ++n;
  return sum / n;
}

double Confusion::class_iou() const {
  double sum = 0, n = 0;
  for (int64_t c = 0; c < classes_; ++c)
    if (const int64_t all = truths(c) + predictions(c) - at(c, c)) sum += double(at(c, c)) / double(all), ++n;
  return sum / n;
}

Fooled fooling_rate(const std::vector<std::vector<int>>& answers, int repeats, uint64_t seed) {
  require(!answers.empty() && repeats >= 2, "fooling rate of ", answers.size(), " workers, ", repeats, " repeats");
  Fooled out;
  double fooled = 0, trials = 0;
  for (size_t w = 0; w < answers.size(); ++w) {
    require(!answers[w].empty(), "fooling rate: worker ", w, " has no trial");
    for (const int a : answers[w]) fooled += a != 0, ++trials;
  }
  out.rate = fooled / trials;
  std::vector<double> rates;
  for (int r = 0; r < repeats; ++r) {
    data::Random random(seed, uint64_t(r));
    double sum = 0, n = 0;
    for (size_t i = 0; i < answers.size(); ++i) {
      const auto& worker = answers[size_t(random.below(int64_t(answers.size())))];
      for (size_t t = 0; t < worker.size(); ++t) sum += worker[size_t(random.below(int64_t(worker.size())))] != 0, ++n;
    }
    rates.push_back(sum / n);
  }
  for (const double v : rates) out.mean += v / repeats;
  for (const double v : rates) out.deviation += (v - out.mean) * (v - out.mean) / repeats;
  out.deviation = std::sqrt(out.deviation);
  std::sort(rates.begin(), rates.end());
  out.low = rates[rates.size() * 25 / 1000], out.high = rates[rates.size() * 975 / 1000];
  return out;
}

}  // namespace ganymede::metrics
