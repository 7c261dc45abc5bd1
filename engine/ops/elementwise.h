// Element-wise functions. Two tensors broadcast by NumPy's rule; f32 and bf16 mix to f32.
#pragma once
#include "engine/tensor.h"

namespace ganymede {

class Backward;
struct Mask;
using kernels::Unary;

Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);   // equal elements share the gradient half and half
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor pow(const Tensor& a, const Tensor& b);       // b's gradient: where a > 0
// 1 where true, else 0; constants to differentiation.
Tensor greater(const Tensor& a, const Tensor& b);
Tensor greater_equal(const Tensor& a, const Tensor& b);
Tensor equal(const Tensor& a, const Tensor& b);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }

// f(x) for one of kernels/api/types.h's functions with its parameters.
Tensor unary(Unary op, const Tensor& x, double alpha = 0, double beta = 0);
// Whether convolutions and products apply it to their results while they write them.
bool fusable(Unary op);
// alpha * x + beta.
Tensor scale(const Tensor& x, double alpha, double beta = 0);

inline Tensor operator+(const Tensor& a, double b) { return scale(a, 1, b); }
inline Tensor operator-(const Tensor& a, double b) { return scale(a, 1, -b); }
inline Tensor operator*(const Tensor& a, double b) { return scale(a, b); }
inline Tensor operator/(const Tensor& a, double b) { return scale(a, 1 / b); }
inline Tensor operator+(double a, const Tensor& b) { return scale(b, 1, a); }
inline Tensor operator-(double a, const Tensor& b) { return scale(b, -1, a); }
inline Tensor operator*(double a, const Tensor& b) { return scale(b, a); }
inline Tensor operator-(const Tensor& a) { return scale(a, -1); }

// b + weight * (a - b), one weight a row: a and b of one shape [N, ...], weight with N elements; f32 (f64 for f64).
Tensor mix(const Tensor& a, const Tensor& b, const Tensor& weight);

inline Tensor abs(const Tensor& x) { return unary(Unary::abs, x); }
inline Tensor exp(const Tensor& x) { return unary(Unary::exp, x); }
inline Tensor log(const Tensor& x) { return unary(Unary::log, x); }
inline Tensor sqrt(const Tensor& x) { return unary(Unary::sqrt, x); }
inline Tensor rsqrt(const Tensor& x) { return unary(Unary::rsqrt, x); }
inline Tensor square(const Tensor& x) { return unary(Unary::square, x); }
inline Tensor reciprocal(const Tensor& x) { return unary(Unary::reciprocal, x); }
inline Tensor sin(const Tensor& x) { return unary(Unary::sin, x); }
inline Tensor cos(const Tensor& x) { return unary(Unary::cos, x); }
inline Tensor pow(const Tensor& x, double exponent) { return unary(Unary::power, x, exponent); }
inline Tensor clamp(const Tensor& x, double low, double high) { return unary(Unary::clamp, x, low, high); }
inline Tensor relu(const Tensor& x) { return unary(Unary::relu, x); }
inline Tensor leaky_relu(const Tensor& x, double slope = 0.2) { return unary(Unary::leaky_relu, x, slope); }
inline Tensor elu(const Tensor& x, double alpha = 1) { return unary(Unary::elu, x, alpha); }
inline Tensor selu(const Tensor& x) { return unary(Unary::selu, x); }
inline Tensor gelu(const Tensor& x) { return unary(Unary::gelu, x); }        // erf form
// x where x > 0, else slope * x: slope [last axis of x] or [1], a parameter (He et al. 2015).
Tensor prelu(const Tensor& x, const Tensor& slope);
inline Tensor silu(const Tensor& x) { return unary(Unary::silu, x); }
inline Tensor softplus(const Tensor& x, double beta = 1) {         // log(1 + exp(beta x)) / beta
  return beta == 1 ? unary(Unary::softplus, x) : unary(Unary::softplus, x * beta) / beta;
}
inline Tensor sigmoid(const Tensor& x) { return unary(Unary::sigmoid, x); }
inline Tensor tanh(const Tensor& x) { return unary(Unary::tanh, x); }

// An activation that kernels may fuse into their store.
struct Activation {
  Unary op = Unary::identity;
  double alpha = 0;          // slope of leaky_relu, alpha of elu
  bool none() const { return op == Unary::identity; }
};

// f(x + bias) with bias [last axis of x], undefined for none; one kernel where f's derivative follows from its value.
Tensor bias_activation(const Tensor& x, const Tensor& bias, const Activation& f);
Tensor activate(const Tensor& x, const Activation& f);
// f(x + residual); undefined: f(x).
Tensor add_then_activate(const Tensor& x, const Tensor& residual, const Activation& f);
// g * f'(.) in terms of y = f(x): for fused ops whose last step is f. Only for the activations kernels may fuse.
Tensor activation_gradient(const Activation& f, const Tensor& y, const Tensor& g);
// The same with the gradient of a bias [channels of g] that was added before f, where that is asked for: two launches where the
// gradient may be differentiated again, else one.
struct BiasedGradient { Tensor to_sum, to_bias; };
BiasedGradient bias_activation_gradient(const Activation& f, const Tensor& y, const Tensor& g, bool bias_asked, const Shape& bias, DType bias_type);
// f' as a mask that y = f(.) gives; none where it is not one.
Mask mask_of(const Activation& f, const Tensor& y);
// In the backward of a node with such a mask: what is known of u's gradient, and f where its derivative has still to be taken of it.
struct Cotangent { Tensor g; Activation f; };
Cotangent cotangent_behind(const Backward& b, const Activation& f, const Tensor& y);
bool derivative_from_value(Unary op);

Tensor cast(const Tensor& x, DType dtype);

}  // namespace ganymede
