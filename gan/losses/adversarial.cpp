#include "gan/losses/adversarial.h"

#include "engine/ops.h"
#include "gan/losses/f_divergence.h"
#include "nn/losses.h"

namespace ganymede {

using nn::bce_with_logits;

namespace {

Tensor probability(const Tensor& x) { return loss_sum({Unary::sigmoid, 1, 0, 1.0 / double(x.count())}, x); }
Tensor score(const Tensor& x) { return mean(x); }
Tensor minus_score(const Tensor& x) { return loss_sum({Unary::identity, -1, 0, 1.0 / double(x.count())}, x); }

Tensor cross_entropy(const Tensor& r, const Tensor& f) { return bce_with_logits(r, 1) + bce_with_logits(f, 0); }

// D tightens the bound E g(v) - E f*(g(v)) of the divergence, G raises E g(v); of kl and pearson g(v) = v. Scores of a bf16 network are
// widened before f* rounds them again.
Adversarial of_divergence(const std::string& name) {
  const FDivergence of = f_divergence(name);
  std::string conjugate = of.conjugate_text;
  for (size_t at = 0; (at = conjugate.find('v', at)) != std::string::npos; at += 7) conjugate.replace(at, 1, "D(G(z))");
  return {"f-" + name, [of](const Tensor& r, const Tensor& f) { return mean(of.conjugate(f.dtype() == DType::bf16 ? cast(f, DType::f32) : f)) - mean(of.activation(r)); }, [of](const Tensor& f) { return -mean(of.activation(f)); },
          "-E D(x) + E (" + conjugate + ")", "-E D(G(z))", score};
}

const std::vector<Adversarial>& all() {
  static const std::vector<Adversarial> objectives{
    {"bce", cross_entropy, [](const Tensor& f) { return bce_with_logits(f, 1); }, "-E log D(x) - E log(1 - D(G(z)))", "-E log D(G(z))", probability},
    {"minimax", cross_entropy, [](const Tensor& f) { return -bce_with_logits(f, 0); }, "-E log D(x) - E log(1 - D(G(z)))", "E log(1 - D(G(z)))", probability},
    {"lsgan", [](const Tensor& r, const Tensor& f) { return (nn::mse(r, 1) + nn::mse(f, 0)) * 0.5; }, [](const Tensor& f) { return nn::mse(f, 1) * 0.5; },
     "1/2 E (D(x) - 1)^2 + 1/2 E D(G(z))^2", "1/2 E (D(G(z)) - 1)^2", score},
    {"hinge", [](const Tensor& r, const Tensor& f) { return nn::hinge_real(r) + nn::hinge_fake(f); }, minus_score,
     "E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)))", "-E D(G(z))", score},
    {"wgan", [](const Tensor& r, const Tensor& f) { return mean(f) - mean(r); }, minus_score,
     "E f(G(z)) - E f(x)", "-E f(G(z))", score, true},
    {"wgan-gp", [](const Tensor& r, const Tensor& f) { return mean(f) - mean(r); }, minus_score,
     "E f(G(z)) - E f(x)", "-E f(G(z))", score, true},
    of_divergence("kl"),
    of_divergence("pearson"),
  };
  return objectives;
}

}  // namespace

Verdict Adversarial::judge(const Tensor& on_real, const Tensor& on_fake) const {
  const Tensor real = shown(on_real), fake = shown(on_fake);
  return {critic ? fake - real : d(on_real, on_fake), real, fake};
}

const Adversarial& adversarial(const std::string& name) {
  std::string list;
  for (const Adversarial& a : all()) {
    if (a.name == name) return a;
    list += (list.empty() ? "" : ", ") + a.name;
  }
  throw UsageError("unknown objective " + name + ": it must be one of " + list);
}

std::vector<std::string> objectives(const std::string& standard) {
  std::vector<std::string> names{adversarial(standard).name};
  for (const Adversarial& a : all())
    if (a.name != standard) names.push_back(a.name);
  return names;
}

std::string formula_of(std::string formula, const std::string& real, const std::string& fake) {
  const auto replace = [&](const std::string& from, const std::string& to) {
    for (size_t at = 0; (at = formula.find(from, at)) != std::string::npos; at += to.size()) formula.replace(at, from.size(), to);
  };
  replace("(x)", real), replace("(G(z))", fake);
  return formula;
}

std::string of_pairs(const std::string& formula) { return formula_of(formula, "(x, y)", "(G(z, y), y)"); }

}  // namespace ganymede
