// The objectives that the field treats as interchangeable: what the discriminator and the generator minimise, as functions
// of the discriminator's raw outputs (logits or scores).
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "gan/config.h"

namespace ganymede {

// What a discriminator's step looks at: its loss, and what is logged as D(x) and D(G(z)).
struct Verdict {
  Tensor loss, real, fake;
};

struct Adversarial {
  std::string name;
  std::function<Tensor(const Tensor& real, const Tensor& fake)> d;  // discriminator's loss
  std::function<Tensor(const Tensor& fake)> g;                      // generator's loss
  std::string d_formula, g_formula;
  Tensor (*shown)(const Tensor& output);                // what is logged as D(x): a probability or the score
  bool critic = false;                                  // a Wasserstein critic: no batch norm, several steps
  // d and shown of both sides together: a critic's loss is made of what is logged.
  Verdict judge(const Tensor& real, const Tensor& fake) const;
};

// bce (Goodfellow 2014, non-saturating), minimax (the same D, and G as in the game itself, which saturates), lsgan (Mao 2017), hinge
// (Lim & Ye 2017), wgan (Arjovsky 2017), wgan-gp (Gulrajani 2017: the same terms, the penalty is the model's), f-kl and f-pearson
// (Nowozin 2016, G by the practical rule: it raises E g(D(G(z)))). UsageError for another name.
const Adversarial& adversarial(const std::string& name);

// All of these names, a recipe's own one first: the words of its setting "objective".
std::vector<std::string> objectives(const std::string& standard);

// A formula of D(x) and D(G(z)) with what a model's D really sees in their places: formula_of(bce.d_formula, "(y)", "(G(x))").
std::string formula_of(std::string formula, const std::string& real, const std::string& fake);
// D(x, y) and D(G(z, y), y), for players that are given a label.
std::string of_pairs(const std::string& formula);

}  // namespace ganymede
