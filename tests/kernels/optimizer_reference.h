// One step of kernels/api/optimizer.h in double, an element at a time.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/api/optimizer.h"

namespace ganymede::kernels {

struct OptimizerReference {
  using Values = std::vector<double>;
  Values p, m, v, average;
  int64_t step = 0;

  // Of element i alone. has_m: rmsprop and sgd with momentum. gradient: of the element, multiplied by what norm_clip leaves of it.
  void element(const Optimizer& o, const StepScalars& s, bool has_m, size_t i, double gradient) {
    const double momentum = has_m ? s.beta1 : 0, t = static_cast<double>(step);
    double g = gradient;
    if (o.gradient_clip > 0) g = std::min(std::max(g, -o.gradient_clip), o.gradient_clip);
    if (o.decoupled) p[i] -= s.rate * o.weight_decay * p[i];
    else g += o.weight_decay * p[i];
    switch (o.rule) {
      case Rule::adam:
        m[i] = s.beta1 * m[i] + (1 - s.beta1) * g;
        v[i] = o.beta2 * v[i] + (1 - o.beta2) * g * g;
        p[i] -= s.rate * (m[i] / (1 - std::pow(s.beta1, t))) / (std::sqrt(v[i] / (1 - std::pow(o.beta2, t))) + o.eps);
        break;
      case Rule::adamax:
        m[i] = s.beta1 * m[i] + (1 - s.beta1) * g;
        v[i] = std::max(o.beta2 * v[i], std::abs(g));
        p[i] -= s.rate * std::sqrt(1 - std::pow(o.beta2, t)) / (1 - std::pow(s.beta1, t)) * m[i] / (v[i] + o.eps);
        break;
      case Rule::rmsprop:
        v[i] = o.beta2 * v[i] + (1 - o.beta2) * g * g;
        m[i] = momentum * m[i] + g / (std::sqrt(v[i]) + o.eps);
        p[i] -= s.rate * m[i];
        break;
      case Rule::sgd:
        m[i] = momentum * m[i] + g;
        p[i] -= s.rate * m[i];
        break;
    }
    if (o.clip > 0) p[i] = std::min(std::max(p[i], -o.clip), o.clip);
    average[i] = o.ema * average[i] + (1 - o.ema) * p[i];
  }

  // Of all elements, or of those that moves names; a gradient of nothing is 0 everywhere.
  void take(const Optimizer& o, const StepScalars& s, bool has_m, const Values& gradient, const std::vector<bool>& moves = {}) {
    double squares = 0;
    for (const double g : gradient) squares += g * g;
    const double scale = o.norm_clip > 0 ? std::min(1.0, o.norm_clip / (std::sqrt(squares) + 1e-6)) : 1;
    ++step;
    for (size_t i = 0; i < p.size(); ++i)
      if (moves.empty() || moves[i]) element(o, s, has_m, i, gradient[i] * scale);
  }
};

}  // namespace ganymede::kernels
