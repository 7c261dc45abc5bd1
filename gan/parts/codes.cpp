#include "gan/parts/codes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/recipe.h"

namespace ganymede {
namespace {

Tensor full_precision(const Tensor& x) { return x.dtype() == DType::bf16 ? cast(x, DType::f32) : x; }

// Of pictures with labels: the share that agrees if each value of the first code stands for the label it meets most often.
double matched_share(const std::vector<int64_t>& codes, const std::vector<int64_t>& labels, int64_t values) {
  const int64_t classes = labels.empty() ? 0 : *std::max_element(labels.begin(), labels.end()) + 1;
  std::vector<int64_t> met(size_t(values * std::max<int64_t>(classes, 1)));
  for (size_t i = 0; i < codes.size(); ++i)
    if (labels[i] >= 0) ++met[size_t(codes[i] * classes + labels[i])];
  double right = 0, all = 0;
  for (int64_t v = 0; v < values && classes > 0; ++v) {
    const auto row = met.begin() + v * classes;
    right += double(*std::max_element(row, row + classes));
    for (int64_t k = 0; k < classes; ++k) all += double(row[k]);
  }
  return right / all;
}

}  // namespace

double Codes::entropy() const { return double(categorical) * std::log(double(values)); }

Tensor Codes::draw(int64_t n) const {
  Tensors parts{uniform({n, noise}, -1, 1)};
  if (categorical) parts.push_back(flatten(one_hot(random_integers({n, categorical}, values), values)));
  if (continuous) parts.push_back(uniform({n, continuous}, -1, 1));
  return concat(parts, 1);
}

Tensor Codes::discrete(const Tensor& said, const Tensor& z) const {
  const int64_t n = said.dim(0);
  const Tensor logits = reshape(slice(said, 1, 0, categorical * values), Shape{n, categorical, values});
  const Tensor c = reshape(slice(z, 1, noise, first_continuous()), logits.shape());
  return sum(log_softmax(full_precision(logits)) * c) / double(n);
}

Tensor Codes::gaussian(const Tensor& said, const Tensor& z) const {
  const int64_t at = categorical * values;
  const Tensor c = slice(z, 1, first_continuous(), length()), mu = full_precision(slice(said, 1, at, at + continuous));
  const double constant = -0.5 * std::log(2 * std::numbers::pi);
  if (fixed) return sum(square(c - mu) * -0.5 + constant) / double(said.dim(0));
  const Tensor a = full_precision(slice(said, 1, at + continuous, at + 2 * continuous));   // a = 2 log s
  return sum(square(c - mu) * exp(-a) * -0.5 - a * 0.5 + constant) / double(said.dim(0));
}

std::vector<Measure> code_measures(const Codes& codes, int64_t classes, const nn::Net& G, const std::function<Tensor(const Tensor& x)>& Q,
                                   const std::function<Tensor(const Batch&)>& real) {
  std::vector<Measure> out;
  const auto by_batch = [=](const Tensor& x) {
    ContextScope scope;
    context().training = true;
    return Q(x);
  };
  const auto over_samples = [=](const Evaluation& e, const std::function<Tensor(const Tensor& said, const Tensor& z)>& f) {
    double total = 0;
    int64_t n = 0;
    for (; n < e.samples; n += 100) {
      const Tensor z = codes.draw(100), picture = G(z);
      total += f(by_batch(picture), z).item() * 100;
    }
    return total / double(n);
  };
  if (codes.categorical) {
    out.push_back({"information", text("lower bound L_I of the information between the categorical codes and the samples, in nats, at most ", codes.entropy()),
                          [=](const Evaluation& e) { return over_samples(e, [=](const Tensor& said, const Tensor& z) { return codes.discrete(said, z) + codes.entropy(); }); }});
    if (classes > 1)
      out.push_back({"code-accuracy", "share of test pictures whose label is the one that Q's value of the first categorical code meets most often, 0 to 1", [=](const Evaluation& e) {
        std::vector<int64_t> said, labels;
        e.each_batch([&](const Batch& x) {
          const auto here = argmax(slice(by_batch(real(x)), 1, 0, codes.values), 1).to_integers(), truth = x["label"].to_integers();
          said.insert(said.end(), here.begin(), here.end()), labels.insert(labels.end(), truth.begin(), truth.end());
        });
        return matched_share(said, labels, codes.values);
      }});
  }
  if (codes.continuous)
    out.push_back({"code-error", "mean squared error of Q's continuous codes on samples; 1/3 if it knows nothing", [=](const Evaluation& e) {
      const int64_t at = codes.categorical * codes.values;
      return over_samples(e, [=](const Tensor& said, const Tensor& z) {
        return mean(square(slice(said, 1, at, at + codes.continuous) - slice(z, 1, codes.first_continuous(), codes.length())));
      });
    }});
  return out;
}

}  // namespace ganymede
