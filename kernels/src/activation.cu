// y = f(x + bias[i % channels]) and dx = g * f'(reference), for every function of api/types.h.
// A thread owns packs of 16 bytes, grid-stride; the tail, or everything when a pointer is unaligned, goes
// element by element. Moves 2 (forward) or 3 (gradient) tensors once: bound by memory. f32 and bf16 compute
// in f32; f64 picks the function at run time, to keep the library small.
#include "kernels/device/dispatch.h"
#include "kernels/device/elementwise.h"
#include "kernels/device/functors.h"
#include "kernels/device/grid.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class T, class Op>
__global__ void apply_unary_kernel(Op op, Accumulator<T> alpha, Accumulator<T> beta, int64_t count,
                                   int64_t packs, const T* x, const Accumulator<T>* bias, int64_t channels,
                                   T* y) {
  constexpr int kPack = Pack<T>::kSize;
  for (int64_t p = first_item(); p < packs; p += item_stride()) {
    Pack<T> v = load_pack(x + p * kPack);
    int64_t channel = bias ? divide(p * kPack, channels).remainder : 0;
    for (int j = 0; j < kPack; ++j) {
      Accumulator<T> value = widen(v[j]);
      if (bias) {
        value += bias[channel];
        if (++channel == channels) channel = 0;
      }
      v[j] = narrow<T>(evaluate(op, value, alpha, beta));
    }
    store_pack(y + p * kPack, v);
  }
  for (int64_t i = packs * kPack + first_item(); i < count; i += item_stride()) {
    Accumulator<T> value = widen(x[i]);
    if (bias) value += bias[divide(i, channels).remainder];
    y[i] = narrow<T>(evaluate(op, value, alpha, beta));
  }
}

template <class T, class Op>
__global__ void apply_unary_gradient_kernel(Op op, Accumulator<T> alpha, Accumulator<T> beta, int64_t count,
                                            int64_t packs, const T* reference, const T* g, T* dx) {
  constexpr int kPack = Pack<T>::kSize;
  for (int64_t p = first_item(); p < packs; p += item_stride()) {
    const Pack<T> r = load_pack(reference + p * kPack);
    Pack<T> v = load_pack(g + p * kPack);
    for (int j = 0; j < kPack; ++j) v[j] = narrow<T>(widen(v[j]) * derivative(op, widen(r[j]), alpha, beta));
    store_pack(dx + p * kPack, v);
  }
  for (int64_t i = packs * kPack + first_item(); i < count; i += item_stride())
    dx[i] = narrow<T>(widen(g[i]) * derivative(op, widen(reference[i]), alpha, beta));
}

// f<T>(op), op fixed at compile time where functors.h does that.
template <class F>
void with_type_and_op(const char* what, DType dtype, Unary op, F&& f) {
  dispatch_float(dtype, what, [&]<class T>() {
    if constexpr (std::is_same_v<T, double>) {
      f.template operator()<T>(op);
    } else {
      with_fixed(op, [&](auto fixed) { f.template operator()<T>(fixed); });
    }
  });
}

}  // namespace

void apply_unary(Stream stream, const UnaryOp& op, DType dtype, int64_t count, const void* x,
                 const void* bias, int64_t channels, void* y) {
  if (count == 0) return;
  with_type_and_op("unary", dtype, op.op, [&]<class T>(auto fixed) {
    const int64_t packs = aligned(x, 16) && aligned(y, 16) ? count / Pack<T>::kSize : 0;
    launch(apply_unary_kernel<T, decltype(fixed)>, blocks_for(packs ? packs : count), kThreads, stream, fixed,
           static_cast<Accumulator<T>>(op.alpha), static_cast<Accumulator<T>>(op.beta), count, packs,
           static_cast<const T*>(x), static_cast<const Accumulator<T>*>(bias), channels, static_cast<T*>(y));
  });
}

void apply_unary_gradient(Stream stream, const UnaryOp& op, DType dtype, int64_t count, const void* reference,
                          const void* g, void* dx) {
  if (count == 0) return;
  with_type_and_op("unary_gradient", dtype, op.op, [&]<class T>(auto fixed) {
    const bool wide = aligned(reference, 16) && aligned(g, 16) && aligned(dx, 16);
    const int64_t packs = wide ? count / Pack<T>::kSize : 0;
    launch(apply_unary_gradient_kernel<T, decltype(fixed)>, blocks_for(packs ? packs : count), kThreads,
           stream, fixed, static_cast<Accumulator<T>>(op.alpha), static_cast<Accumulator<T>>(op.beta), count,
           packs, static_cast<const T*>(reference), static_cast<const T*>(g), static_cast<T*>(dx));
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
