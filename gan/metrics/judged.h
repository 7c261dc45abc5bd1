// Scores from judgements: of a segmenting network (FCN-score, Isola et al. 2017) and of people (real or fake).
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ganymede::metrics {

// Counts of pixels by true class and predicted class.
class Confusion {
 public:
  explicit Confusion(int64_t classes);
  // Pixels whose true label is not 0 .. classes - 1 (void, 255) are skipped. Throws Error for a prediction outside, or unequal lengths.
  void add(const std::vector<int64_t>& truth, const std::vector<int64_t>& predicted);
  // Of all counted pixels, the share that is right.
  double pixel_accuracy() const;
  // Means over the classes that occur in the truth (accuracy), or in truth or prediction (intersection over union).
  double class_accuracy() const;
  double class_iou() const;

 private:
  int64_t at(int64_t truth, int64_t predicted) const { return counts_[size_t(truth * classes_ + predicted)]; }
  int64_t truths(int64_t c) const;
  int64_t predictions(int64_t c) const;
  int64_t classes_;
  std::vector<int64_t> counts_;
};

// Real-or-fake trials: answers[worker][trial], 1 where the worker was fooled (took the fake for real).
struct Fooled {
  double rate = 0;        // share of all main trials; 0.5: indistinguishable
  double mean = 0, deviation = 0, low = 0, high = 0;   // over the bootstrap; low and high: its 2.5 % and 97.5 % points
};
// Bootstrap: workers are drawn with replacement, then trials within each. Throws Error when a worker has no trial, or there is none.
Fooled fooling_rate(const std::vector<std::vector<int>>& answers, int repeats = 10000, uint64_t seed = 1);

}  // namespace ganymede::metrics
