#include "kernels/cpu/conv2d_epilogue.h"

#include "kernels/cpu/parallel.h"

namespace ganymede::kernels::cpu {
namespace {

template <typename T, typename From, typename F>
void apply(int64_t rows, int64_t channels, const Compute<T>* bias, const From* sums, T* y, int64_t grain,
           F f) {
  if (!bias) {
    parallel_elements(rows * channels, grain, [=](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) y[i] = store<T>(f(load(sums[i])));
    });
    return;
  }
  parallel_ranges(rows, rows * channels, grain, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const From* const from = sums + row * channels;
      T* const to = y + row * channels;
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) to[c] = store<T>(f(load(from[c]) + bias[c]));
    }
  });
}

template <typename T, typename From>
void apply(int64_t rows, int64_t channels, const Epilogue& epilogue, const From* sums, T* y) {
  using C = Compute<T>;
  const C* const bias = static_cast<const C*>(epilogue.bias);
  const C alpha = static_cast<C>(epilogue.alpha);
  const auto with = [&](int64_t grain, auto f) { apply(rows, channels, bias, sums, y, grain, f); };
  switch (epilogue.activation) {
    case Unary::relu:
      with(kCheapGrain, [](C x) { return activate<C>(Unary::relu, 0, x); });
      break;
    case Unary::leaky_relu:
      with(kCheapGrain, [=](C x) { return activate<C>(Unary::leaky_relu, alpha, x); });
      break;
    case Unary::sigmoid:
      with(kCostlyGrain, [](C x) { return activate<C>(Unary::sigmoid, 0, x); });
      break;
    case Unary::tanh:
      with(kCostlyGrain, [](C x) { return activate<C>(Unary::tanh, 0, x); });
      break;
    default:
      with(kCheapGrain, [](C x) { return x; });
      break;
  }
}

}  // namespace

void apply_epilogue(DType dtype, int64_t rows, int64_t channels, const Epilogue& epilogue, const void* sums,
                    void* y) {
  if (is_plain(epilogue) && !sums) return;
  with_float_type(dtype, "apply_epilogue", [&]<typename T>(T) {
    T* const to = static_cast<T*>(y);
    if (sums)
      apply<T>(rows, channels, epilogue, static_cast<const Compute<T>*>(sums), to);
    else
      apply<T>(rows, channels, epilogue, static_cast<const T*>(to), to);
  });
}

}  // namespace ganymede::kernels::cpu
