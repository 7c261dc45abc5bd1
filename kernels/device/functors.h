// The element-wise functions of api/types.h and their first derivatives. Op is Unary or Binary (chosen at run
// time), or Fixed<op>, with which the switch folds away; T is float or double.
#pragma once
#include "kernels/api/elementwise.h"
#include "kernels/device/math.h"
#include "kernels/simt/simt.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <auto kOp>
struct Fixed {
  __host__ __device__ constexpr operator decltype(kOp)() const { return kOp; }
};

// Klambauer et al. 2017, self-normalising networks.
constexpr double kSeluScale = 1.0507009873554804934193349852946;
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;

// NaN stays NaN in all of them.
template <class T>
__host__ __device__ inline T sign_of(T x) {
  return x > T(0) ? T(1) : x < T(0) ? T(-1) : x;
}

template <class T>
__host__ __device__ inline T normal_cdf(T x) {
  return T(0.5) * (T(1) + math::erf(x * T(0.70710678118654752440)));
}

template <class T>
__host__ __device__ inline T normal_density(T x) {
  return T(0.39894228040143267794) * math::exp(T(-0.5) * x * x);
}

template <class Op, class T>
__host__ __device__ inline T evaluate(Op op, T x, T alpha, T beta) {
  switch (static_cast<Unary>(op)) {
    case Unary::identity: return x;
    case Unary::neg: return -x;
    case Unary::abs: return math::abs(x);
    case Unary::sign: return sign_of(x);
    case Unary::exp: return math::exp(x);
    case Unary::log: return math::log(x);
    case Unary::sqrt: return math::sqrt(x);
    case Unary::rsqrt: return math::rsqrt(x);
    case Unary::square: return x * x;
    case Unary::reciprocal: return T(1) / x;
    case Unary::sin: return math::sin(x);
    case Unary::cos: return math::cos(x);
    case Unary::relu: return x <= T(0) ? T(0) : x;
    case Unary::leaky_relu: return x > T(0) ? x : alpha * x;
    case Unary::elu: return x > T(0) ? x : alpha * math::expm1(x);
    case Unary::selu: return T(kSeluScale) * (x > T(0) ? x : T(kSeluAlpha) * math::expm1(x));
    case Unary::gelu: return x * normal_cdf(x);
    case Unary::silu: return x * math::sigmoid(x);
    case Unary::softplus: return math::softplus(x);
    case Unary::sigmoid: return math::sigmoid(x);
    case Unary::tanh: return math::tanh(x);
    case Unary::scale: return alpha * x + beta;
    case Unary::power: return math::pow(x, alpha);
    case Unary::clamp: return x < alpha ? alpha : x > beta ? beta : x;
    case Unary::step: return x > alpha ? T(1) : T(0);
  }
  return x;
}

// f' as a function of the reference r, which is y or x as api/elementwise.h says.
template <class Op, class T>
__host__ __device__ inline T derivative(Op op, T r, T alpha, T beta) {
  switch (static_cast<Unary>(op)) {
    case Unary::identity: return T(1);
    case Unary::neg: return T(-1);
    case Unary::abs: return sign_of(r);
    case Unary::sign: return T(0);
    case Unary::exp: return r;
    case Unary::log: return T(1) / r;
    case Unary::sqrt: return T(0.5) / r;
    case Unary::rsqrt: return T(-0.5) * r * r * r;
    case Unary::square: return T(2) * r;
    case Unary::reciprocal: return -r * r;
    case Unary::sin: return math::cos(r);
    case Unary::cos: return -math::sin(r);
    case Unary::relu: return r > T(0) ? T(1) : T(0);
    case Unary::leaky_relu: return r > T(0) ? T(1) : alpha;
    case Unary::elu: return r > T(0) ? T(1) : r + alpha;
    case Unary::selu: return r > T(0) ? T(kSeluScale) : r + T(kSeluScale * kSeluAlpha);
    case Unary::gelu: return normal_cdf(r) + r * normal_density(r);
    case Unary::silu: {
      const T s = math::sigmoid(r);
      return s * (T(1) + r * (T(1) - s));
    }
    case Unary::softplus: return -math::expm1(-r);
    case Unary::sigmoid: return r * (T(1) - r);
    case Unary::tanh: return T(1) - r * r;
    case Unary::scale: return alpha;
    case Unary::power: return alpha * math::pow(r, alpha - T(1));
    case Unary::clamp: return r >= alpha && r <= beta ? T(1) : T(0);
    case Unary::step: return T(0);
  }
  return T(0);
}

template <class Op, class T>
__host__ __device__ inline T combine(Op op, T a, T b) {
  switch (static_cast<Binary>(op)) {
    case Binary::add: return a + b;
    case Binary::sub: return a - b;
    case Binary::mul: return a * b;
    case Binary::div: return a / b;
    case Binary::maximum: return math::maximum(a, b);
    case Binary::minimum: return math::minimum(a, b);
    case Binary::power: return math::pow(a, b);
    case Binary::greater: return a > b ? T(1) : T(0);
    case Binary::greater_equal: return a >= b ? T(1) : T(0);
    case Binary::equal: return a == b ? T(1) : T(0);
  }
  return a;
}

// Calls f(Fixed<op>{}) for the functions that networks use most, so that each has a kernel of its own, and
// f(op) for the others, whose kernel switches at run time: a kernel for every function would triple the time
// of compilation.
template <class F>
void with_fixed(Unary op, F&& f) {
  switch (op) {
    case Unary::identity: return f(Fixed<Unary::identity>{});
    case Unary::abs: return f(Fixed<Unary::abs>{});
    case Unary::exp: return f(Fixed<Unary::exp>{});
    case Unary::square: return f(Fixed<Unary::square>{});
    case Unary::relu: return f(Fixed<Unary::relu>{});
    case Unary::leaky_relu: return f(Fixed<Unary::leaky_relu>{});
    case Unary::silu: return f(Fixed<Unary::silu>{});
    case Unary::softplus: return f(Fixed<Unary::softplus>{});
    case Unary::sigmoid: return f(Fixed<Unary::sigmoid>{});
    case Unary::tanh: return f(Fixed<Unary::tanh>{});
    case Unary::scale: return f(Fixed<Unary::scale>{});
    default: return f(op);
  }
}

template <class F>
void with_fixed(Binary op, F&& f) {
  switch (op) {
    case Binary::add: return f(Fixed<Binary::add>{});
    case Binary::sub: return f(Fixed<Binary::sub>{});
    case Binary::mul: return f(Fixed<Binary::mul>{});
    case Binary::div: return f(Fixed<Binary::div>{});
    case Binary::maximum: return f(Fixed<Binary::maximum>{});
    case Binary::minimum: return f(Fixed<Binary::minimum>{});
    case Binary::power: return f(Fixed<Binary::power>{});
    case Binary::greater: return f(Fixed<Binary::greater>{});
    case Binary::greater_equal: return f(Fixed<Binary::greater_equal>{});
    case Binary::equal: return f(Fixed<Binary::equal>{});
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
