#include "gan/uses/encoder_measures.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/metrics/columns.h"

namespace ganymede {
namespace {

double distance(const std::vector<double>& a, int64_t i, const std::vector<double>& b, int64_t j, int64_t width) {
  double sum = 0;
  for (int64_t k = 0; k < width; ++k) {
    const double d = a[size_t(i * width + k)] - b[size_t(j * width + k)];
    sum += d * d;
  }
  return std::sqrt(sum);
}

// The codes of the data beside as many draws from the prior.
std::pair<metrics::Columns, metrics::Columns> codes_and_prior(const Latent& latent, const Evaluation& e) {
  metrics::Columns codes, prior;
  e.each_batch([&](const Batch& b) {
    codes.add(latent.encode(samples_of(b)));
    prior.add(latent.draw(b.size));
  });
  return {codes, prior};
}

double worst(const Latent& latent, const Evaluation& e, const std::function<double(const metrics::Columns& codes, const metrics::Columns& prior, size_t k)>& off) {
  const auto [codes, prior] = codes_and_prior(latent, e);
  double most = 0;
  for (size_t k = 0; k < codes.count(); ++k) most = std::max(most, off(codes, prior, k));
  return most;
}

}  // namespace

const Tensor& samples_of(const Batch& batch) { return batch.fields.count("point") ? batch["point"] : batch.image(); }

double paired_over_shuffled(const Evaluation& e, const std::function<std::pair<Tensor, Tensor>(const Batch&)>& pairs) {
  double paired = 0, shuffled = 0;
  int64_t samples = 0, compared = 0;
  std::vector<double> before;   // of a batch of one: the batch before is the other sample
  e.each_batch([&](const Batch& batch) {
    const auto [first, second] = pairs(batch);
    const int64_t n = first.dim(0), width = first.dim(1);
    const auto a = first.to_doubles(), b = second.to_doubles();
    for (int64_t i = 0; i < n; ++i, ++samples) paired += distance(a, i, b, i, width);
    for (int64_t i = 0; n > 1 && i < n; ++i, ++compared) shuffled += distance(a, i, b, (i + n / 2) % n, width);
    if (n == 1 && !before.empty()) shuffled += distance(a, 0, before, 0, width), ++compared;
    before = b;
  });
  if (compared == 0) return std::nan("");
  return paired / double(samples) / std::max(shuffled / double(compared), 1e-300);
}

double nearest_label(const Evaluation& e, const std::function<Tensor(const Tensor&)>& features) {
  std::vector<float> rows;
  std::vector<int64_t> labels;
  size_t width = 0;
  e.each_batch([&](const Batch& b) {
    const Tensor f = flatten(features(samples_of(b)));
    const auto v = f.to_floats();
    const auto l = b["label"].to_integers();
    width = size_t(f.dim(1));
    rows.insert(rows.end(), v.begin(), v.end()), labels.insert(labels.end(), l.begin(), l.end());
  });
  require(labels.size() > 1, "nearest neighbours need at least 2 samples");
  int64_t right = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    size_t best = 0;
    float least = INFINITY;
    for (size_t j = 0; j < labels.size(); ++j) {
      if (j == i) continue;
      float d = 0;
      for (size_t k = 0; k < width; ++k) {
        const float x = rows[i * width + k] - rows[j * width + k];
        d += x * x;
      }
      if (d < least) least = d, best = j;
    }
    right += labels[best] == labels[i];
  }
  return double(right) / double(labels.size());
}

std::vector<Measure> encoder_measures(const Latent& latent) {
  const auto decode = [latent](const Tensor& z) { return latent.decode(z, {}); };
  const auto rebuilt = [=](const Batch& b) { return std::pair{flatten(samples_of(b)), flatten(decode(latent.encode(samples_of(b))))}; };
  return {
      {"reconstruction", "mean of (x - G(E(x)))^2 over the elements of pictures in [-1, 1] or of points; 0 is best",
       [=](const Evaluation& e) {
         double sum = 0, count = 0;
         e.each_batch([&](const Batch& b) {
           const auto [x, y] = rebuilt(b);
           sum += ganymede::sum(square(x - y)).item(), count += double(x.count());
         });
         return sum / std::max(count, 1.0);
       }},
      {"reconstruction-ratio", "E |x - G(E(x))| over E |x - G(E(y))| for another y: 0 is best, 1 is chance",
       [=](const Evaluation& e) { return paired_over_shuffled(e, rebuilt); }},
      {"latent-ratio", "E |z - E(G(z))| over E |z - E(G(u))| for another u, z from the prior: 0 is best, 1 is chance",
       [=](const Evaluation& e) {
         return paired_over_shuffled(e, [=](const Batch& b) {
           const Tensor z = latent.draw(b.size);
           return std::pair{z, latent.encode(decode(z))};
         });
       }},
      {"code-mean", "largest |mean| of an element of E(x) over the data, in deviations of the prior; 0 is best",
       [=](const Evaluation& e) {
         return worst(latent, e, [](const metrics::Columns& c, const metrics::Columns& p, size_t k) { return std::abs(c.mean(k) - p.mean(k)) / p.deviation(k); });
       }},
      {"code-deviation", "largest |deviation of an element of E(x) over the data / the prior's - 1|; 0 is best",
       [=](const Evaluation& e) {
         return worst(latent, e, [](const metrics::Columns& c, const metrics::Columns& p, size_t k) { return std::abs(c.deviation(k) / p.deviation(k) - 1); });
       }},
  };
}

}  // namespace ganymede
