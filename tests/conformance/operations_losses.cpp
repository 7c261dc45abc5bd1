#include "engine/check.h"
#include "gan/losses/adversarial.h"
#include "tests/conformance/operations.h"

namespace ganymede::conformance {
namespace {

Tensor reduced(const Call& c, const Tensor& terms) {
  const std::string reduction = c.attributes.word("reduction", "mean");
  if (reduction != "mean" && reduction != "sum") throw Unsupported("reduction " + reduction);
  return reduction == "mean" ? mean(terms) : sum(terms);
}

// Terms of a loss of x and target, element by element.
Operation loss_of(Tensor (*terms)(const Call&)) {
  return {.run = [terms](const Call& c) { return Tensors{reduced(c, terms(c))}; },
          .most_inputs = 2,
          .targets = {1}};
}

Tensor bce_terms(const Call& c) { return softplus(c.in(0)) - c.in(0) * c.in(1); }
Tensor mse_terms(const Call& c) { return square(c.in(0) - c.in(1)); }
Tensor l1_terms(const Call& c) { return abs(c.in(0) - c.in(1)); }
Tensor kl_terms(const Call& c) { return (1 + c.in(1) - square(c.in(0)) - exp(c.in(1))) * -0.5; }

Tensor huber_terms(const Call& c) {
  const Tensor d = abs(c.in(0) - c.in(1)), inner = clamp(d, 0, c.attributes.number("delta", 1));
  return inner * (d - inner * 0.5);
}

Tensors cross_entropy(const Call& c) {
  const Tensor x = c.in(0);
  const Tensor chosen = one_hot(c.in(1), x.dim(1));
  return {reduced(c, -sum(mul(chosen, log_softmax(x)), {1}))};
}

Tensors gram_matrix(const Call& c) {
  const Tensor x = c.in(0);
  const int64_t pixels = x.dim(1) * x.dim(2), channels = x.dim(3);
  const Tensor rows = reshape(x, Shape{x.dim(0), pixels, channels});
  return {matmul(rows, rows, true) / static_cast<double>(channels * pixels)};
}

Tensors total_variation(const Call& c) {
  const Tensor x = c.in(0);
  const int64_t h = x.dim(1), w = x.dim(2);
  const Tensor vertical = sum(abs(slice(x, 1, 1, h) - slice(x, 1, 0, h - 1)));
  const Tensor horizontal = sum(abs(slice(x, 2, 1, w) - slice(x, 2, 0, w - 1)));
  return {(vertical + horizontal) / static_cast<double>(x.dim(0))};
}

}  // namespace

void add_losses(Operations& t) {
  t["bce_with_logits"] = loss_of(bce_terms);
  t["mse"] = loss_of(mse_terms);
  t["l1"] = loss_of(l1_terms);
  t["huber"] = loss_of(huber_terms);
  t["kl_standard_normal"] = loss_of(kl_terms);
  t["kl_standard_normal"].targets = {};
  t["cross_entropy"] = {.run = cross_entropy, .most_inputs = 2};
  t["hinge_d"] = {.run = [](const Call& c) { return Tensors{adversarial("hinge").d(c.in(0), c.in(1))}; },
                  .most_inputs = 2};
  t["hinge_g"] = {.run = [](const Call& c) { return Tensors{adversarial("hinge").g(c.in(0))}; }};
  t["gram_matrix"] = {.run = gram_matrix, .images = true, .verbatim_output = true};
  t["total_variation"] = {.run = total_variation, .images = true};
}

}  // namespace ganymede::conformance
