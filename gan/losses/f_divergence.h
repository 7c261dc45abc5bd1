// f-divergences in their variational form (Nowozin, Cseke, Tomioka 2016): D_f(P || Q) = sup_T E_P T - E_Q f*(T), where a network's
// plain output v becomes T = g(v) in the domain of f*.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace ganymede {

struct FDivergence {
  std::string name;
  std::function<Tensor(const Tensor& v)> activation;   // g(v), increasing
  std::function<Tensor(const Tensor& v)> conjugate;    // f*(g(v)), in a stable form
  double threshold;                                    // f'(1): above it, T says "real"
  std::function<double(double u)> f;                   // on the host, u = p / q > 0
  std::string g_text, conjugate_text;
};

// kl, reverse-kl, pearson, neyman, hellinger, jeffrey, js, weighted-js, gan, alpha, tv.
const std::vector<std::string>& f_divergence_names();
// parameter: pi in (0, 1) of weighted-js, alpha of alpha (not 0 or 1); not used by the others. bound: v is clamped to
// [-bound, bound] before an exponential. UsageError for another name or a parameter outside.
FDivergence f_divergence(const std::string& name, double parameter = 0.5, double bound = 20);

}  // namespace ganymede
