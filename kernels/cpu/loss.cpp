// Sums of functions of differences: partial sums of chunks of fixed size, then those in order, in double.
#include "kernels/cpu/columns.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/unary.h"

namespace ganymede::kernels::cpu {
namespace {

// The argument u, from operands of two types.
template <typename X, typename T>
struct Difference {
  using C = Compute<X>;
  const X* x;
  const T* t;  // may be null
  C sign, shift;
  C at(int64_t i) const { return sign * load(x[i]) + shift; }
  C with_t(int64_t i) const { return at(i) - static_cast<C>(load(t[i])); }
};

template <Unary f>
constexpr bool kSlopeOfValue = f == Unary::relu || f == Unary::softplus || f == Unary::sigmoid;

// body(function) for the functions that losses are made of.
template <typename C, typename Body>
void with_function(Unary f, Body body) {
  switch (f) {
    case Unary::identity: return body(UnaryFunction<Unary::identity, C>{});
    case Unary::abs: return body(UnaryFunction<Unary::abs, C>{});
    case Unary::square: return body(UnaryFunction<Unary::square, C>{});
    case Unary::relu: return body(UnaryFunction<Unary::relu, C>{});
    case Unary::softplus: return body(UnaryFunction<Unary::softplus, C>{});
    case Unary::sigmoid: return body(UnaryFunction<Unary::sigmoid, C>{});
    default: throw std::runtime_error("cpu kernel loss: a function that is not there");
  }
}

// body(difference, function, element -> u) with the types, the function and whether there is a t fixed outside the loops.
template <typename Body>
void with_all(const Loss& p, const void* x, const void* t, Body body) {
  with_float_type(p.x, "loss", [&](auto x_type) {
    using X = decltype(x_type);
    using C = Compute<X>;
    const auto with_other = [&](auto t_type) {
      using T = decltype(t_type);
      const Difference<X, T> d{static_cast<const X*>(x), static_cast<const T*>(t), static_cast<C>(p.sign), static_cast<C>(p.shift)};
      with_function<C>(p.f, [&](const auto& f) {
        if (t) return body(d, f, [&d](int64_t i) { return d.with_t(i); });
        body(d, f, [&d](int64_t i) { return d.at(i); });
      });
    };
    if constexpr (std::is_same_v<X, double>) {
      if (t && p.t != DType::f64) unsupported(p.t, "loss beside f64");
      with_other(double{});
    } else {
      if (t && p.t == DType::f64) unsupported(p.t, "loss beside f32 or bf16");
      if (t && p.t == DType::f32) return with_other(float{});
      if (t && p.t == DType::bf16) return with_other(Bf16{});
      with_other(x_type);
    }
  });
}

void value(Stream, const Loss& p, const void* x, const void* t, void* y, void* workspace) {
  double* parts = static_cast<double*>(workspace);
  const int64_t chunks = ceil_div(p.count, kLineChunk);
  with_all(p, x, t, [&](const auto& d, const auto& f, const auto& u) {
    using C = typename std::decay_t<decltype(d)>::C;
    parallel_ranges(chunks, p.count, is_costly(std::decay_t<decltype(f)>::kOp) ? kCostlyGrain : kCheapGrain, [&](int64_t begin, int64_t end) {
      for (int64_t chunk = begin; chunk < end; ++chunk) {
        const int64_t first = chunk * kLineChunk;
        parts[chunk] = sum_line<Add, C>(std::min(kLineChunk, p.count - first), [&](int64_t i) { return f.value(u(first + i)); });
      }
    });
    double total = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) total += parts[chunk];
    *static_cast<C*>(y) = static_cast<C>(p.factor * total);
  });
}

size_t workspace_bytes(const Loss& p) { return static_cast<size_t>(ceil_div(p.count, kLineChunk)) * sizeof(double); }

void gradient(Stream, const Loss& p, const void* g, const void* x, const void* t, void* dx, void* dt) {
  with_all(p, x, t, [&](const auto& d, const auto& f, const auto& u) {
    using D = std::decay_t<decltype(d)>;
    using C = typename D::C;
    using X = std::decay_t<decltype(*d.x)>;
    using T = std::decay_t<decltype(*d.t)>;
    const C factor = static_cast<C>(p.factor) * (g ? *static_cast<const C*>(g) : C(1));
    X* to_x = static_cast<X*>(dx);
    T* to_t = static_cast<T*>(dt);
    const auto slope = [&](int64_t i) {
      const C at = u(i);
      if constexpr (kSlopeOfValue<std::decay_t<decltype(f)>::kOp>) return factor * f.slope(f.value(at));
      else return factor * f.slope(at);
    };
    parallel_elements(p.count, kCheapGrain, [&](int64_t begin, int64_t end) {
      if (to_x)
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) to_x[i] = store<X>(d.sign * slope(i));
      if (to_t)
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) to_t[i] = store<T>(static_cast<Compute<T>>(-slope(i)));
    });
  });
}

}  // namespace

const LossKernels loss_kernels = {value, workspace_bytes, gradient};

}  // namespace ganymede::kernels::cpu
