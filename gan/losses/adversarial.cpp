#include "gan/losses/adversarial.h"

#include "engine/ops.h"
#include "nn/losses.h"

namespace ganymede {

using nn::bce_with_logits;

namespace {

Tensor probability(const Tensor& x) { return mean(sigmoid(x)); }
Tensor score(const Tensor& x) { return mean(x); }

const Adversarial kObjectives[] = {
    {"bce", [](const Tensor& r, const Tensor& f) { return bce_with_logits(r, 1) + bce_with_logits(f, 0); }, [](const Tensor& f) { return bce_with_logits(f, 1); },
     "-E log D(x) - E log(1 - D(G(z)))", "-E log D(G(z))", probability, false},
    {"lsgan", [](const Tensor& r, const Tensor& f) { return (nn::mse(r, 1) + nn::mse(f, 0)) * 0.5; }, [](const Tensor& f) { return nn::mse(f, 1) * 0.5; },
     "1/2 E (D(x) - 1)^2 + 1/2 E D(G(z))^2", "1/2 E (D(G(z)) - 1)^2", score, false},
    {"hinge", [](const Tensor& r, const Tensor& f) { return nn::hinge_real(r) + nn::hinge_fake(f); }, [](const Tensor& f) { return -mean(f); },
     "E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)))", "-E D(G(z))", score, false},
    {"wgan", [](const Tensor& r, const Tensor& f) { return mean(f) - mean(r); }, [](const Tensor& f) { return -mean(f); },
     "E f(G(z)) - E f(x)", "-E f(G(z))", score, true},
    {"wgan-gp", [](const Tensor& r, const Tensor& f) { return mean(f) - mean(r); }, [](const Tensor& f) { return -mean(f); },
     "E f(G(z)) - E f(x)", "-E f(G(z))", score, true},
};

}  // namespace

const Adversarial& adversarial(const std::string& name) {
  for (const Adversarial& a : kObjectives)
    if (a.name == name) return a;
  std::string list;
  for (const Adversarial& a : kObjectives) list += (list.empty() ? "" : ", ") + a.name;
  throw UsageError("unknown objective " + name + ": it must be one of " + list);
}

}  // namespace ganymede
