#include "gan/uses/truncation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/classes.h"
#include "gan/recipe.h"

namespace ganymede {
namespace {

constexpr int64_t kDrawnBatch = 100, kMostDrawn = 5000;
constexpr uint64_t kSeed = 1;   // samples of all thresholds are drawn from one sequence

// Mean over classes of the variances of all values, added up: half the mean squared distance of two pictures of a class.
class Spread {
 public:
  explicit Spread(int64_t classes) : of_(size_t(classes)) {}
  void add(const Tensor& pictures, const std::vector<int64_t>& labels) {
    const std::vector<float> v = pictures.to_floats();
    const size_t width = v.size() / labels.size();
    for (size_t i = 0; i < labels.size(); ++i) {
      Moments& m = of_.at(size_t(labels[i]));
      m.sum.resize(width), m.n += 1;
      for (size_t k = 0; k < width; ++k) m.sum[k] += v[i * width + k], m.squares += double(v[i * width + k]) * v[i * width + k];
    }
  }
  double mean() const {
    double total = 0, classes = 0;
    for (const Moments& m : of_) {
      if (m.n < 2) continue;
      double off = m.squares;
      for (const double s : m.sum) off -= s * s / m.n;
      total += off / (m.n - 1), classes += 1;
    }
    return total / classes;
  }
 private:
  struct Moments {
    std::vector<double> sum;
    double squares = 0, n = 0;
  };
  std::vector<Moments> of_;
};

// Labels in turn.
void each_sample_batch(const Latent& latent, double threshold, int64_t n, const std::function<void(const Tensor& pictures, const std::vector<int64_t>& labels)>& f) {
  data::Random random(kSeed);
  for (int64_t at = 0; at < n; at += kDrawnBatch) {
    std::vector<int64_t> labels;
    for (int64_t i = at; i < std::min(at + kDrawnBatch, n); ++i) labels.push_back(i % latent.classes);
    const int64_t size = int64_t(labels.size());
    const Tensor z = tensor(truncated_normal(size * latent.length, threshold, random), Shape{size, latent.length}, context().dtype, context().device);
    f(latent.decode(z, tensor(labels, Shape{size}, context().device)), labels);
  }
}

int64_t count_of(const Evaluation& e) { return std::clamp<int64_t>(e.samples, 1, kMostDrawn); }

double agreement(const Latent& latent, const Evaluation& e, double threshold) {
  if (!e.classify) return std::nan("");
  double right = 0;
  each_sample_batch(latent, threshold, count_of(e), [&](const Tensor& x, const std::vector<int64_t>& labels) {
    right += class_accuracy(e.classify(x), tensor(labels, Shape{int64_t(labels.size())}, context().device)).item() * double(labels.size());
  });
  return right / double(count_of(e));
}

double variety(const Latent& latent, const Evaluation& e, double threshold) {
  Spread made(latent.classes);
  each_sample_batch(latent, threshold, count_of(e), [&](const Tensor& x, const std::vector<int64_t>& labels) { made.add(x, labels); });
  return made.mean() / e.once<double>("spread by class", [&] {
    Spread real(latent.classes);
    e.each_batch([&](const Batch& b) { real.add(b.image(), b["label"].to_integers()); });
    return real.mean();
  });
}

}  // namespace

std::vector<double> truncated_normal(int64_t count, double threshold, data::Random& random) {
  require(threshold > 0, "truncated noise: a threshold of ", threshold, ", it must be above 0");
  std::vector<double> z(static_cast<size_t>(count));
  for (double& x : z) do x = random.normal(); while (std::fabs(x) > threshold);
  return z;
}

std::vector<Measure> truncation_curve(const Latent& latent) {
  std::vector<Measure> all;
  for (const auto& [name, threshold] : {std::pair{"inf", std::numeric_limits<double>::infinity()}, {"2", 2.0}, {"1", 1.0}, {"0.5", 0.5}, {"0.25", 0.25}}) {
    const std::string beyond = threshold > 1e9 ? ", of untruncated noise" : text(", noise beyond ", name, " redrawn");
    all.push_back({text("agreement-at-", name), "share of samples that show the class they were drawn for, as the program's classifier sees it, 0 to 1" + beyond, [=, at = threshold](const Evaluation& e) { return agreement(latent, e, at); }, true});
    all.push_back({text("variety-at-", name), "mean squared distance of two samples of a class over that of two test pictures of a class; 1: as varied as the data" + beyond, [=, at = threshold](const Evaluation& e) { return variety(latent, e, at); }});
  }
  return all;
}

}  // namespace ganymede
