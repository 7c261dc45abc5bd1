#include "gan/uses/semi_latent_measures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/metrics/columns.h"
#include "gan/metrics/correlation.h"
#include "gan/uses/attribute_classifier.h"
#include "gan/uses/outstanding.h"

namespace ganymede {
namespace {

// The mean over all batches of the elements of what `of` gives.
double mean_of(const Evaluation& e, const std::function<Tensor(const Batch&)>& of) {
  double total = 0, count = 0;
  e.each_batch([&](const Batch& b) {
    const Tensor x = of(b);
    total += sum(cast(x, DType::f32)).item(), count += double(x.count());
  });
  require(count > 0, "nothing to measure: the test split is empty");
  return total / count;
}

// Where what stands out in each picture lies, and how large it is: [column, row, share of the pixels]; nothing where nothing does.
std::vector<std::optional<std::array<double, 3>>> factors_of(const Tensor& pictures) {
  std::vector<std::optional<std::array<double, 3>>> all;
  for (int64_t i = 0; i < pictures.dim(0); ++i) {
    const std::vector<bool> mask = what_stands_out(pictures, i);
    const auto middle = middle_of(mask, pictures.dim(2));
    all.emplace_back();
    if (middle) all.back() = {(*middle)[0], (*middle)[1], double(std::count(mask.begin(), mask.end(), true)) / double(mask.size())};
  }
  return all;
}

// The largest correlation, in size, of a latent with one of these factors over generated pictures.
double swept_factor(const Evaluation& e, const SemiLatent& m) {
  std::vector<std::vector<double>> latents(static_cast<size_t>(m.count)), factors(3);
  e.each_batch([&](const Batch& b) {
    const Tensor z = randn({b.size, m.count});
    const auto found = factors_of(m.decode({m.attributes.of(b), z}));
    const auto values = z.to_doubles();
    for (size_t i = 0; i < found.size(); ++i) {
      if (!found[i]) continue;
      for (size_t k = 0; k < 3; ++k) factors[k].push_back((*found[i])[k]);
      for (size_t k = 0; k < latents.size(); ++k) latents[k].push_back(values[i * latents.size() + k]);
    }
  });
  double most = 0;
  for (const auto& latent : latents)
    for (const auto& factor : factors) most = std::max(most, std::abs(metrics::correlation(latent, factor)));
  return most;
}

// z with one element of each row at this value: of row i element i mod count.
Tensor one_set(const Tensor& z, double value) {
  const int64_t n = z.dim(0), count = z.dim(1);
  std::vector<double> at(static_cast<size_t>(n * count));
  for (int64_t i = 0; i < n; ++i) at[size_t(i * count + i % count)] = 1;
  const Tensor here = tensor(at, {n, count}, z.dtype(), z.device());
  return z * (1.0 - here) + here * value;
}

}  // namespace

std::vector<Measure> semi_latent_measures(const Config& c, const SemiLatent& m) {
  const auto classifier = AttributeClassifier::when_asked(c.data, m.attributes);
  const Attributes& a = m.attributes;
  const auto truth = [=](const Batch& b) { return cast(a.of(b), DType::f32); };
  const auto seen = [=](const Tensor& pictures) { return classifier().judge(pictures).attributes; };
  const auto read = [=](const Tensor& scores) { return a.decided(cast(scores, DType::f32)); };
  const auto noise = [=](const Batch& b) { return randn({b.size, m.count}); };
  return {
      {"generated", "share of attributes of generated pictures in which a classifier that was trained apart finds what was asked for; 1 is best",
       [=](const Evaluation& e) { return mean_of(e, [=](const Batch& b) { return a.alike(seen(m.decode({a.of(b), noise(b)})), truth(b)); }); }},
      {"latent-correlation", "mean correlation of a latent with what the recogniser says of it, over generated pictures; 1 is best, 0: it cannot be read off the picture",
       [=](const Evaluation& e) {
         metrics::Columns given, said;
         e.each_batch([&](const Batch& b) {
           const Tensor z = noise(b);
           given.add(z), said.add(m.recognise(m.decode({a.of(b), z})).latents);
         });
         double total = 0;
         for (size_t k = 0; k < given.count(); ++k) total += metrics::correlation(given.values[k], said.values[k]);
         return total / double(m.count);
       }},
      {"swept-factor", "the largest correlation, in size, of a latent with where the thing in a generated picture lies (across, down) or how large it is; for pictures of one thing",
       [=](const Evaluation& e) { return swept_factor(e, m); }},
      {"swept-attributes", "share of attributes of generated pictures that the classifier finds changed when one latent goes from -2 to 2; 0 is best",
       [=](const Evaluation& e) {
         return mean_of(e, [=](const Batch& b) {
           const Tensor z = noise(b), y = a.of(b);
           const Tensor low = seen(m.decode({y, one_set(z, -2)})), high = seen(m.decode({y, one_set(z, 2)}));
           return 1.0 - a.alike(low, high);
         });
       }},
      {"recognised", "share of attributes that the recogniser finds in test pictures; 1 is best",
       [=](const Evaluation& e) { return mean_of(e, [=](const Batch& b) { return a.alike(read(m.recognise(b.image()).attributes), truth(b)); }); }},
      {"encoder-reads", "share of attributes that the encoder finds in test pictures; 1 is best",
       [=](const Evaluation& e) { return mean_of(e, [=](const Batch& b) { return a.alike(read(m.encode(b.image()).attributes), truth(b)); }); }},
      {"edited-by-reading", "share of edited test pictures, whose attributes the encoder had to find and of which each is changed in turn, in which the classifier finds all attributes as they are to be; 1 is best",
       [=](const Evaluation& e) {
         return mean_of(e, [=](const Batch& b) {
           const SemiLatent::Code code = m.encode(b.image());
           Tensors right;
           for (const Attributes::Edit& change : a.edits()) {
             const Tensor made = m.decode({a.edited(a.decided(code.attributes), change), code.latents});
             right.push_back(min(a.alike(seen(made), a.edited(truth(b), change)), {1}));
           }
           return concat(right, 0);
         });
       }},
  };
}

}  // namespace ganymede
