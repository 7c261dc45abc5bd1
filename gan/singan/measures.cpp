#include "gan/singan/measures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/check.h"
#include "gan/data/random.h"
#include "gan/metrics/random_features.h"

namespace ganymede::singan {
namespace {

constexpr int64_t kPatch = 7, kApart = 3;

// A sample begun at this scale, or at the last where there are fewer.
Tensor begun_at(const Pyramid& p, int start) { return p.sample(1, p.reached(), std::min(start, p.reached())); }

// The picture's pixels in another order: its colours without its patches.
Values shuffled(Values v) {
  data::Random random{5};
  for (int64_t i = v.height * v.width - 1; i > 0; --i) {
    const int64_t j = random.below(i + 1);
    for (int64_t c = 0; c < v.channels; ++c) std::swap(v.x[size_t(i * v.channels + c)], v.x[size_t(j * v.channels + c)]);
  }
  return v;
}

double averaged(int64_t samples, const std::function<double()>& one) {
  double sum = 0;
  for (int64_t i = 0; i < samples; ++i) sum += one();
  return sum / double(samples);
}

}  // namespace

double rmse(const Tensor& a, const Tensor& b) { return std::sqrt(mean(square(sub(a, b))).item()); }

double diversity(const Pyramid& p, int64_t samples, int start) {
  require(samples >= 2, "diversity of ", samples, " samples: it needs at least 2");
  const int last = p.reached();
  Tensor sum, squares;
  for (int64_t i = 0; i < samples; ++i) {
    const Tensor x = p.sample(1, last, start);
    sum = i ? add(sum, x) : x, squares = i ? add(squares, square(x)) : square(x);
  }
  const auto n = double(samples);
  const Tensor mean_of = sum / n, variance = clamp(squares / n - square(mean_of), 0, 1e30);
  const Tensor& real = p.scales[size_t(last)].real;
  const double image = std::sqrt(mean(square(sub(real, mean(real)))).item());
  return mean(sqrt(variance)).item() / image;
}

Values values_of(const Tensor& picture) { return {picture.dim(1), picture.dim(2), picture.dim(3), picture.to_floats()}; }

double nearest_patch(const Values& of, const Values& in) {
  require(of.height >= kPatch && of.width >= kPatch && in.height >= kPatch && in.width >= kPatch && of.channels == in.channels, "patches of 7x7 do not fit the pictures");
  const int64_t row = kPatch * of.channels;
  double sum = 0;
  int64_t count = 0;
  for (int64_t y = 0; y + kPatch <= of.height; y += kApart)
    for (int64_t x = 0; x + kPatch <= of.width; x += kApart, ++count) {
      float best = std::numeric_limits<float>::max();
      for (int64_t v = 0; v + kPatch <= in.height; ++v)
        for (int64_t u = 0; u + kPatch <= in.width; ++u) {
          float d = 0;
          for (int64_t r = 0; r < kPatch && d < best; ++r) {
            const float *a = &of.x[size_t(((y + r) * of.width + x) * of.channels)], *b = &in.x[size_t(((v + r) * in.width + u) * in.channels)];
            for (int64_t k = 0; k < row; ++k) d += (a[k] - b[k]) * (a[k] - b[k]);
          }
          best = std::min(best, d);
        }
      sum += std::sqrt(double(best) / double(kPatch * row));
    }
  return sum / double(count);
}

std::vector<Measure> measures(const std::shared_ptr<Pyramid>& p) {
  const auto real = [=] { return p->scales[size_t(p->reached())].real; };
  const auto kept_small = [](int64_t n, int64_t most) { return std::clamp<int64_t>(n, 2, most); };
  const auto patches = [=](const Evaluation& e, int start) {
    return averaged(kept_small(e.samples, 5), [&] { return nearest_patch(values_of(begun_at(*p, start)), values_of(real())); });
  };
  return {
      {"reconstruction_rmse", "RMSE of the reconstruction (z* at scale 0, no noise above) in units of [-1, 1], running statistics; 0 is exact",
       [=](const Evaluation&) { return rmse(p->reconstruct(p->reached()), real()); }},
      {"other_noise_rmse", "the same with other noises than z*, mean of 8; much larger where z* is what reconstructs",
       [=](const Evaluation&) { return averaged(8, [&] { return rmse(p->reconstruct(p->reached(), p->noise(0, 1)), real()); }); }},
      {"diversity", "the paper's: deviation of each pixel over up to 100 samples begun at the coarsest scale, averaged, by the picture's; 0.50 in the paper",
       [=](const Evaluation& e) { return diversity(*p, kept_small(e.samples, 100), 0); }},
      {"diversity_1", "the same begun at scale 1 (n = N - 1); 0.35 in the paper",
       [=](const Evaluation& e) { return diversity(*p, kept_small(e.samples, 100), std::min(1, p->reached())); }},
      {"nearest_patch", "root mean square distance of 7x7 patches of samples to the nearest patch of the picture, in units of [-1, 1]; 0 is copied",
       [=](const Evaluation& e) { return patches(e, 0); }},
      {"nearest_patch_1", "the same of samples begun at scale 1 (n = N - 1)", [=](const Evaluation& e) { return patches(e, 1); }},
      {"nearest_patch_2", "the same of samples begun at scale 2 (n = N - 2)", [=](const Evaluation& e) { return patches(e, 2); }},
      {"nearest_patch_shuffled", "the same of the picture with its pixels in another order: what knows its colours and nothing else",
       [=](const Evaluation&) { return nearest_patch(shuffled(values_of(real())), values_of(real())); }},
      {"random_sifid", "Frechet distance between features of samples and of the picture at every position, by a fixed random network; for comparisons only",
       [=](const Evaluation& e) { return averaged(kept_small(e.samples, 20), [&] { return metrics::random_feature_distance(p->sample(1, p->reached()), real()); }); }},
      {"last_amplitude", "amplitude of the noise at the finest scale reached: 0.1 RMSE of the reconstruction before",
       [=](const Evaluation&) { return p->scales[size_t(p->reached())].amp.item(); }},
  };
}

}  // namespace ganymede::singan
