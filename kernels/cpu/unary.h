// The element-wise functions of kernels/api/types.h and their first derivatives, as functors over float and
// double. with_unary picks the functor once, outside the loops.
#pragma once
#include "kernels/cpu/math.h"
#include "kernels/cpu/number.h"
#include "kernels/api/elementwise.h"

namespace ganymede::kernels::cpu {

constexpr double kSeluAlpha = 1.6732632423543772848, kSeluScale = 1.0507009873554804934;

// Both sides of a choice are computed first: a choice between two numbers is vector code, one between two
// sums is a jump. value: y = f(x). slope: f' from the reference that elementwise.h names (y or x). NaN goes
// through every one of them.
template <Unary op, typename C>
struct UnaryFunction {
  static constexpr Unary kOp = op;
  C alpha, beta;

  C value(C x) const {
    if constexpr (op == Unary::identity) return x;
    if constexpr (op == Unary::neg) return -x;
    if constexpr (op == Unary::abs) return std::fabs(x);
    if constexpr (op == Unary::sign) return x > 0 ? C(1) : x < 0 ? C(-1) : x;
    if constexpr (op == Unary::exp) return math::exp(x);
    if constexpr (op == Unary::log) return math::log(x);
    if constexpr (op == Unary::sqrt) return std::sqrt(x);
    if constexpr (op == Unary::rsqrt) return C(1) / std::sqrt(x);
    if constexpr (op == Unary::square) return x * x;
    if constexpr (op == Unary::reciprocal) return C(1) / x;
    if constexpr (op == Unary::sin) return std::sin(x);
    if constexpr (op == Unary::cos) return std::cos(x);
    if constexpr (op == Unary::relu) return x <= 0 ? C(0) : x;
    if constexpr (op == Unary::leaky_relu) {
      const C below = alpha * x;
      return x > 0 ? x : below;
    }
    if constexpr (op == Unary::elu) {
      const C below = alpha * math::expm1(x);
      return x > 0 ? x : below;
    }
    if constexpr (op == Unary::selu) {
      const C below = C(kSeluAlpha) * math::expm1(x);
      return C(kSeluScale) * (x > 0 ? x : below);
    }
    if constexpr (op == Unary::gelu) return x * math::normal_cdf(x);
    if constexpr (op == Unary::silu) return x * math::sigmoid(x);
    if constexpr (op == Unary::softplus) return math::softplus(x);
    if constexpr (op == Unary::sigmoid) return math::sigmoid(x);
    if constexpr (op == Unary::tanh) return math::tanh(x);
    if constexpr (op == Unary::scale) return alpha * x + beta;
    if constexpr (op == Unary::power) return std::pow(x, alpha);
    if constexpr (op == Unary::clamp) return x < alpha ? alpha : x > beta ? beta : x;
    if constexpr (op == Unary::step) return x > alpha ? C(1) : C(0);
  }

  C slope(C r) const {
    if constexpr (op == Unary::identity) return C(1);
    if constexpr (op == Unary::neg) return C(-1);
    if constexpr (op == Unary::abs) return r > 0 ? C(1) : r < 0 ? C(-1) : r;
    if constexpr (op == Unary::sign || op == Unary::step) return C(0);
    if constexpr (op == Unary::exp) return r;
    if constexpr (op == Unary::log) return C(1) / r;
    if constexpr (op == Unary::sqrt) return C(0.5) / r;
    if constexpr (op == Unary::rsqrt) return C(-0.5) * r * r * r;
    if constexpr (op == Unary::square) return C(2) * r;
    if constexpr (op == Unary::reciprocal) return -r * r;
    if constexpr (op == Unary::sin) return std::cos(r);
    if constexpr (op == Unary::cos) return -std::sin(r);
    if constexpr (op == Unary::relu) return r > 0 ? C(1) : C(0);
    if constexpr (op == Unary::leaky_relu) {
      const C below = alpha;
      return r > 0 ? C(1) : below;
    }
    if constexpr (op == Unary::elu) {
      const C below = r + alpha;
      return r > 0 ? C(1) : below;
    }
    if constexpr (op == Unary::selu) {
      const C below = r + C(kSeluScale * kSeluAlpha);
      return r > 0 ? C(kSeluScale) : below;
    }
    if constexpr (op == Unary::gelu)
      return math::normal_cdf(r) + r * C(0.39894228040143267794) * math::exp(C(-0.5) * r * r);
    if constexpr (op == Unary::silu) {
      const C s = math::sigmoid(r);
      return s * (C(1) + r * (C(1) - s));
    }
    if constexpr (op == Unary::softplus) return -math::expm1(-r);
    if constexpr (op == Unary::sigmoid) return r * (C(1) - r);
    if constexpr (op == Unary::tanh) return C(1) - r * r;
    if constexpr (op == Unary::scale) return alpha;
    if constexpr (op == Unary::power) return alpha * std::pow(r, alpha - C(1));
    if constexpr (op == Unary::clamp) return r >= alpha && r <= beta ? C(1) : C(0);
  }
};

// Work an element costs, as the threshold from which a second thread pays.
constexpr bool is_costly(Unary op) {
  switch (op) {
    case Unary::exp:
    case Unary::log:
    case Unary::sin:
    case Unary::cos:
    case Unary::elu:
    case Unary::selu:
    case Unary::gelu:
    case Unary::silu:
    case Unary::softplus:
    case Unary::sigmoid:
    case Unary::tanh:
    case Unary::power:
      return true;
    default:
      return false;
  }
}

// Calls body(UnaryFunction<op, C>) for the op asked for.
template <typename C, typename Body, int index = 0>
void with_unary(const UnaryOp& f, Body body) {
  if (index == static_cast<int>(f.op)) {
    return body(UnaryFunction<static_cast<Unary>(index), C>{static_cast<C>(f.alpha), static_cast<C>(f.beta)});
  }
  if constexpr (index < static_cast<int>(Unary::step)) with_unary<C, Body, index + 1>(f, body);
}

}  // namespace ganymede::kernels::cpu
