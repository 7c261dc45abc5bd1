#include "engine/check.h"
#include "gan/losses/adversarial.h"
#include "nn/losses.h"
#include "tests/conformance/operations.h"

namespace ganymede::conformance {
namespace {

nn::Reduction reduction_of(const Call& c) {
  const std::string reduction = c.attributes.word("reduction", "mean");
  if (reduction != "mean" && reduction != "sum") throw Unsupported("reduction " + reduction);
  return reduction == "mean" ? nn::Reduction::mean : nn::Reduction::sum;
}

using Loss = Tensor (*)(const Tensor& x, const Tensor& target, nn::Reduction);

Operation loss_of(Loss f) {
  return {.run = [f](const Call& c) { return Tensors{f(c.in(0), c.in(1), reduction_of(c))}; },
          .most_inputs = 2,
          .targets = {1}};
}

Operation loss_without_targets(Loss f) {
  Operation o = loss_of(f);
  o.targets = {};
  return o;
}

Operation loss_of_pictures(Tensor (*f)(const Tensor&), bool verbatim_output) {
  return {.run = [f](const Call& c) { return Tensors{f(c.in(0))}; },
          .images = true,
          .verbatim_output = verbatim_output};
}

Tensors huber(const Call& c) {
  return {nn::huber(c.in(0), c.in(1), c.attributes.number("delta", 1), reduction_of(c))};
}

}  // namespace

void add_losses(Operations& t) {
  t["bce_with_logits"] = loss_of(nn::bce_with_logits);
  t["mse"] = loss_of(nn::mse);
  t["l1"] = loss_of(nn::l1);
  t["huber"] = {.run = huber, .most_inputs = 2, .targets = {1}};
  t["kl_standard_normal"] = loss_without_targets(nn::kl_standard_normal);
  t["cross_entropy"] = loss_without_targets(nn::cross_entropy);
  t["hinge_d"] = {.run = [](const Call& c) { return Tensors{adversarial("hinge").d(c.in(0), c.in(1))}; },
                  .most_inputs = 2};
  t["hinge_g"] = {.run = [](const Call& c) { return Tensors{adversarial("hinge").g(c.in(0))}; }};
  t["gram_matrix"] = loss_of_pictures(nn::gram_matrix, true);
  t["total_variation"] = loss_of_pictures(nn::total_variation, false);
}

}  // namespace ganymede::conformance
