#include "gan/losses/f_divergence.h"

#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

const double kLog2 = std::log(2.0);

// W(e^y), the w with w + log w = y, by Newton's method. Its derivative w / (1 + w) comes from the last step alone, in which the
// w before is a constant.
Tensor lambert_of_exp(const Tensor& y) {
  const Tensor still = y.constant();
  const auto better = [](const Tensor& w, const Tensor& to) { return w * (to - log(w) + 1.0) / (w + 1.0); };
  Tensor w = softplus(still);
  for (int i = 0; i < 6; ++i) w = better(w, still);
  return better(w, y);
}

// 1 - e^-x for x > 0 without cancellation.
Tensor one_minus_exp(const Tensor& x) { return maximum(x - square(x) * 0.5, 1.0 - exp(-x)); }

}  // namespace

const std::vector<std::string>& f_divergence_names() {
  static const std::vector<std::string> names{"gan", "js", "kl", "reverse-kl", "pearson", "neyman", "hellinger", "jeffrey", "weighted-js", "alpha", "tv"};
  return names;
}

FDivergence f_divergence(const std::string& name, double p, double bound) {
  const auto held = [bound](const Tensor& v) { return clamp(v, -bound, bound); };
  const auto same = [](const Tensor& v) { return v; };
  const auto log_sigmoid = [](const Tensor& v) { return -softplus(-v); };
  if (name == "gan") return {name, log_sigmoid, [](const Tensor& v) { return softplus(v); }, -kLog2, [](double u) { return u * std::log(u) - (u + 1) * std::log(u + 1); }, "log s(v)", "-log(1 - s(v))"};
  if (name == "js")
    return {name, [=](const Tensor& v) { return log_sigmoid(v) + kLog2; }, [](const Tensor& v) { return softplus(v) - kLog2; }, 0,
            [](double u) { return -(u + 1) * std::log((1 + u) / 2) + u * std::log(u); }, "log 2 + log s(v)", "-log(1 - s(v)) - log 2"};
  if (name == "kl") return {name, same, [=](const Tensor& v) { return exp(held(v) - 1.0); }, 1, [](double u) { return u * std::log(u); }, "v", "exp(v - 1)"};
  if (name == "reverse-kl")
    return {name, [=](const Tensor& v) { return -exp(-held(v)); }, [](const Tensor& v) { return v - 1.0; }, -1, [](double u) { return -std::log(u); }, "-exp(-v)", "v - 1"};
  if (name == "pearson") return {name, same, [](const Tensor& v) { return square(v) * 0.25 + v; }, 0, [](double u) { return (u - 1) * (u - 1); }, "v", "v^2/4 + v"};
  if (name == "neyman")
    return {name, [=](const Tensor& v) { return 1.0 - exp(-held(v)); }, [=](const Tensor& v) { return 2.0 - 2.0 * exp(held(v) * -0.5); }, 0,
            [](double u) { return (1 - u) * (1 - u) / u; }, "1 - exp(-v)", "2 - 2 exp(-v/2)"};
  if (name == "hellinger")
    return {name, [=](const Tensor& v) { return 1.0 - exp(-held(v)); }, [=](const Tensor& v) { return exp(held(v)) - 1.0; }, 0,
            [](double u) { return (std::sqrt(u) - 1) * (std::sqrt(u) - 1); }, "1 - exp(-v)", "exp(v) - 1"};
  if (name == "jeffrey")
    return {name, same, [=](const Tensor& v) {
              const Tensor t = held(v), w = lambert_of_exp(1.0 - t);
              return w + reciprocal(w) + t - 2.0;
            }, 0, [](double u) { return (u - 1) * std::log(u); }, "v", "W(e^(1-v)) + 1/W(e^(1-v)) + v - 2"};
  if (name == "weighted-js") {
    if (!(p > 0 && p < 1)) throw UsageError(text("pi=", p, ": weighted-js takes a weight between 0 and 1"));
    return {name, [=](const Tensor& v) { return log_sigmoid(v) - p * std::log(p); },
            [=](const Tensor& v) { return (1 - p) * (std::log(1 - p) - log(one_minus_exp(softplus(-held(v)) / p))); }, 0,
            [p](double u) { return p * u * std::log(u) - (1 - p + p * u) * std::log(1 - p + p * u); }, "log s(v) - pi log pi", "(1-pi) log((1-pi) / (1 - s(v)^(1/pi)))"};
  }
  if (name == "alpha") {
    if (p == 0 || p == 1) throw UsageError(text("alpha=", p, ": the alpha-divergences of 0 and 1 are reverse-kl and kl"));
    const auto f = [p](double u) { return (std::pow(u, p) - 1 - p * (u - 1)) / (p * (p - 1)); };
    if (p > 1)
      return {name, same, [=](const Tensor& v) { return (pow(relu(v * (p - 1) + 1.0), p / (p - 1)) - 1.0) / p; }, 0, f, "v", "((v(a-1)+1)^(a/(a-1)) - 1)/a"};
    return {name, [=](const Tensor& v) { return log_sigmoid(v) + 1 / (1 - p); },
            [=](const Tensor& v) { return (pow(softplus(-held(v)) * (1 - p), p / (p - 1)) - 1.0) / p; }, 0, f, "1/(1-a) + log s(v)", "((-(1-a) log s(v))^(a/(a-1)) - 1)/a"};
  }
  if (name == "tv")
    return {name, [](const Tensor& v) { return tanh(v) * 0.5; }, [](const Tensor& v) { return tanh(v) * 0.5; }, 0, [](double u) { return std::abs(u - 1) / 2; }, "tanh(v)/2", "tanh(v)/2"};
  std::string list;
  for (const std::string& n : f_divergence_names()) list += (list.empty() ? "" : ", ") + n;
  throw UsageError("unknown divergence " + name + ": it must be one of " + list);
}

}  // namespace ganymede
