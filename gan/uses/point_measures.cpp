#include "gan/uses/point_measures.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

constexpr double kKernel = 0.02;      // deviation
constexpr double kEdge = 8;           // the line that is looked at: [-kEdge, kEdge]
constexpr int64_t kCells = 4000, kMostPoints = 100000;

using Values = std::vector<double>;

Values data_of(const Evaluation& e) {
  Values all;
  e.each_batch([&](const Batch& b) {
    const Values v = b["point"].to_doubles();
    all.insert(all.end(), v.begin(), v.end());
  });
  return all;
}

Values samples_of(const Latent& latent, const Evaluation& e) {
  Values all;
  for (int64_t left = std::min(e.samples, kMostPoints); left > 0; left -= 500) {
    const Values v = latent.decode(latent.draw(std::min<int64_t>(500, left)), {}).to_doubles();
    all.insert(all.end(), v.begin(), v.end());
  }
  return all;
}

double mean_of(const Values& v) {
  double s = 0;
  for (const double x : v) s += x / double(v.size());
  return s;
}
double deviation_of(const Values& v) {
  const double m = mean_of(v);
  double s = 0;
  for (const double x : v) s += (x - m) * (x - m) / double(v.size());
  return std::sqrt(s);
}

double place(int64_t i) { return -kEdge + 2 * kEdge * (double(i) + 0.5) / kCells; }

Values density(const Values& points) {
  Values d(size_t{kCells});
  const double step = 2 * kEdge / kCells, scale = 1 / (double(points.size()) * kKernel * std::sqrt(2 * std::numbers::pi));
  for (const double x : points) {
    const int64_t from = std::max<int64_t>(0, int64_t((x - 5 * kKernel + kEdge) / step)), to = std::min<int64_t>(kCells - 1, int64_t((x + 5 * kKernel + kEdge) / step));
    for (int64_t i = from; i <= to; ++i) d[size_t(i)] += scale * std::exp(-0.5 * (place(i) - x) * (place(i) - x) / (kKernel * kKernel));
  }
  return d;
}

Values at_places(const std::function<Tensor(const Tensor&)>& f) {
  Values x;
  for (int64_t i = 0; i < kCells; ++i) x.push_back(place(i));
  return f(tensor(x, Shape{kCells, 1}, context().dtype, context().device)).to_doubles();
}

}  // namespace

std::vector<Measure> line_moments(const Latent& latent) {
  return {{"sample-mean", "of the samples", [=](const Evaluation& e) { return mean_of(samples_of(latent, e)); }},
          {"data-mean", "of the test points", [](const Evaluation& e) { return mean_of(data_of(e)); }},
          {"sample-deviation", "standard deviation of the samples", [=](const Evaluation& e) { return deviation_of(samples_of(latent, e)); }},
          {"data-deviation", "standard deviation of the test points", [](const Evaluation& e) { return deviation_of(data_of(e)); }}};
}

std::vector<Measure> discriminator_measures(const Latent& latent, const std::function<Tensor(const Tensor& points)>& logit) {
  const auto d_error = [=](const Evaluation& e) {
    const Values p = density(data_of(e)), q = density(samples_of(latent, e)), d = at_places([&](const Tensor& x) { return sigmoid(logit(x)); });
    double highest = 0, worst = 0;
    for (size_t i = 0; i < p.size(); ++i) highest = std::max(highest, p[i] + q[i]);
    for (size_t i = 0; i < p.size(); ++i)
      if (p[i] + q[i] > 0.05 * highest) worst = std::max(worst, std::abs(d[i] - p[i] / (p[i] + q[i])));
    return worst;
  };
  const auto value = [=](const Evaluation& e) {
    const auto average = [&](const Values& points, double sign) {
      const Tensor a = logit(tensor(points, Shape{int64_t(points.size()), 1}, context().dtype, context().device));
      return -mean(softplus(a * -sign)).item();
    };
    return average(data_of(e), 1) + average(samples_of(latent, e), -1);
  };
  const auto best = [=](const Evaluation& e) {
    const Values p = density(data_of(e)), q = density(samples_of(latent, e));
    double v = 0;
    for (size_t i = 0; i < p.size(); ++i) {
      if (p[i] > 0) v += p[i] * std::log(p[i] / (p[i] + q[i])) * 2 * kEdge / kCells;
      if (q[i] > 0) v += q[i] * std::log(q[i] / (p[i] + q[i])) * 2 * kEdge / kCells;
    }
    return v;
  };
  return {{"d-error", "largest |D(x) - p / (p + q)| where data or samples are, 0 best; densities by kernels of 0.02", d_error},
          {"d-value", "E log D(x) + E log(1 - D(G(z)))", value},
          {"best-value", "-log 4 + 2 JSD of data and samples: what the best D would get; densities by kernels of 0.02", best}};
}

namespace {

// Sums over the points of each class.
struct Classes {
  int64_t width = 0;
  std::vector<Values> sum;
  Values squares, count;
  explicit Classes(int64_t classes) : sum(size_t(classes)), squares(size_t(classes)), count(size_t(classes)) {}
  void add(const Tensor& points, const std::vector<int64_t>& labels) {
    const Values v = points.to_doubles();
    width = points.dim(1);
    for (size_t i = 0; i < labels.size(); ++i) {
      const size_t y = size_t(labels[i]);
      sum[y].resize(size_t(width)), count[y] += 1;
      for (size_t k = 0; k < size_t(width); ++k) sum[y][k] += v[i * size_t(width) + k], squares[y] += std::pow(v[i * size_t(width) + k], 2);
    }
  }
  double variance(size_t y) const {
    double mean_square = 0;
    for (const double s : sum[y]) mean_square += std::pow(s / count[y], 2);
    return squares[y] / count[y] - mean_square;
  }
  size_t nearest(const double* point) const {
    size_t best = 0;
    double least = INFINITY;
    for (size_t y = 0; y < sum.size(); ++y) {
      double d = 0;
      for (size_t k = 0; k < sum[y].size(); ++k) d += std::pow(point[k] - sum[y][k] / count[y], 2);
      if (count[y] > 0 && d < least) least = d, best = y;
    }
    return best;
  }
};

Classes classes_of_data(const Evaluation& e, int64_t classes) {
  Classes data(classes);
  e.each_batch([&](const Batch& b) { data.add(b["point"], b["label"].to_integers()); });
  return data;
}

// 100 samples at a time with their labels, about as many as the evaluation asks for.
void each_drawn(const Latent& latent, const Evaluation& e, const std::function<void(const Tensor&, const std::vector<int64_t>&)>& f) {
  for (int64_t n = 0; n < e.samples; n += 100) {
    const Tensor y = random_integers({100}, latent.classes);
    f(latent.decode(latent.draw(100), y), y.to_integers());
  }
}

}  // namespace

std::vector<Measure> labelled_points(const Latent& latent) {
  return {
      {"label-agreement", "share of samples nearer to the data of the class that they were drawn for, by its mean, than to those of any other",
       [=](const Evaluation& e) {
         const Classes data = classes_of_data(e, latent.classes);
         double right = 0, n = 0;
         each_drawn(latent, e, [&](const Tensor& x, const std::vector<int64_t>& labels) {
           const Values v = x.to_doubles();
           for (size_t i = 0; i < labels.size(); ++i) right += data.nearest(&v[i * size_t(x.dim(1))]) == size_t(labels[i]), n += 1;
         });
         return right / n;
       }},
      {"class-spread", "variance of the samples of a class over that of its data, the least of all classes; 1: as wide",
       [=](const Evaluation& e) {
         const Classes data = classes_of_data(e, latent.classes);
         Classes drawn(latent.classes);
         each_drawn(latent, e, [&](const Tensor& x, const std::vector<int64_t>& labels) { drawn.add(x, labels); });
         double least = INFINITY;
         for (size_t y = 0; y < data.sum.size(); ++y) least = std::min(least, drawn.variance(y) / data.variance(y));
         return least;
       }},
  };
}

std::vector<Measure> reconstructed_labels(const Latent& latent, int64_t classes) {
  const auto share = [=](const Evaluation& e, bool shuffled) {
    const Classes data = classes_of_data(e, classes);
    double right = 0, n = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor y = latent.decode(latent.encode(b["point"]), {});
      const Values v = y.to_doubles();
      const auto labels = b["label"].to_integers();
      const size_t size = labels.size(), width = size_t(y.dim(1));
      for (size_t i = 0; i < size; ++i) right += data.nearest(&v[(shuffled ? (i + size / 2) % size : i) * width]) == size_t(labels[i]), n += 1;
    });
    return right / n;
  };
  const std::string of = " is nearest to the data of x's class, by its mean";
  return {{"reconstructed-label", "share of points x whose G(E(x))" + of, [=](const Evaluation& e) { return share(e, false); }},
          {"reconstructed-label-shuffled", "share of points x for which G(E(y)) of another point y" + of + ": chance", [=](const Evaluation& e) { return share(e, true); }}};
}

}  // namespace ganymede
