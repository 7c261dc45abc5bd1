// The objectives that the field treats as interchangeable: what the discriminator and the generator minimise, as functions
// of the discriminator's raw outputs (logits or scores).
#pragma once
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "gan/config.h"

namespace ganymede {

struct Adversarial {
  std::string name;
  Tensor (*d)(const Tensor& real, const Tensor& fake);  // discriminator's loss
  Tensor (*g)(const Tensor& fake);                      // generator's loss
  const char* d_formula;
  const char* g_formula;
  Tensor (*shown)(const Tensor& output);                // what is logged as D(x): a probability or the score
  bool critic;                                          // a Wasserstein critic: no batch norm, several steps
};

// bce (Goodfellow 2014, non-saturating), lsgan (Mao 2017), wgan (Arjovsky 2017), wgan-gp (Gulrajani 2017: the same terms,
// the penalty is the model's), hinge (Lim & Ye 2017). UsageError for another name.
const Adversarial& adversarial(const std::string& name);

}  // namespace ganymede
