#include "gan/uses/sample_measures.h"

#include <algorithm>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/metrics/frechet.h"
#include "gan/metrics/random_features.h"

namespace ganymede {
namespace {

using metrics::Rows;

// Random features of pictures, of their halves, and so on down to 8 pixels.
struct Scales {
  std::vector<Rows> features;
  void add(Tensor x) {
    for (size_t i = 0; std::min(x.dim(1), x.dim(2)) >= 8; ++i, x = average_pool(x, {})) {
      if (features.size() <= i) features.emplace_back(0, metrics::kRandomFeatures);
      features[i].append(metrics::random_features(x).values);
    }
  }
};

double distance(const Evaluation& e, const std::function<Tensor(const Batch&)>& made_of) {
  Scales real, made;
  e.each_batch([&](const Batch& b) { real.add(b.image()), made.add(cast(made_of(b), b.image().dtype())); });
  double sum = 0;
  for (size_t i = 0; i < real.features.size(); ++i) sum += std::max(0.0, metrics::frechet_distance(metrics::gaussian_of(real.features[i]), metrics::gaussian_of(made.features[i])));
  return sum / double(real.features.size());
}

// Variances of all values, added up: half the mean squared distance of two pictures.
struct Variances {
  std::vector<double> sum, squares;
  double n = 0;
  void add(const Tensor& x) {
    const auto v = x.to_floats();
    const size_t width = v.size() / size_t(x.dim(0));
    sum.resize(width), squares.resize(width);
    for (size_t i = 0; i < v.size(); ++i) sum[i % width] += v[i], squares[i % width] += double(v[i]) * v[i];
    n += double(x.dim(0));
  }
  double total() const {
    double t = 0;
    for (size_t k = 0; k < sum.size(); ++k) t += squares[k] / n - sum[k] / n * (sum[k] / n);
    return t;
  }
};

double variety(const Evaluation& e, const std::function<Tensor(int64_t)>& draw) {
  Variances real, made;
  e.each_batch([&](const Batch& b) { real.add(b.image()), made.add(draw(b.size)); });
  return made.total() / real.total();
}

}  // namespace

Measure slope_measure(const std::string& name, const std::string& text, const Critic& critic, const std::function<Tensor(const Batch&)>& at) {
  return {name, text, [=](const Evaluation& e) {
    ContextScope scope;
    context().recording = true;
    double sum = 0, n = 0;
    e.each_batch([&](const Batch& b) { sum += r1_penalty(critic, at(b)).item() * double(b.size), n += double(b.size); });
    return sum / n;
  }};
}

Measure distance_measure(const std::function<Tensor(const Batch&)>& made) {
  return {"distance", "Frechet distance of samples to test pictures in random features, every position a sample, mean over the pictures and their halvings down to 8 pixels; 0 is best",
          [=](const Evaluation& e) { return distance(e, made); }};
}

std::vector<Measure> sample_measures(const std::function<Tensor(int64_t n)>& draw) {
  return {distance_measure([=](const Batch& b) { return draw(b.size); }),
          {"variety", "mean squared distance of two samples over that of two test pictures; 1: as varied as the data", [=](const Evaluation& e) { return variety(e, draw); }}};
}

}  // namespace ganymede
