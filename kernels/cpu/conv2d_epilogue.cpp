#include "kernels/cpu/conv2d_epilogue.h"

#include "kernels/cpu/parallel.h"

namespace ganymede::kernels::cpu {
namespace {

template <typename T, typename From, typename F>
void apply(int64_t rows, int64_t channels, const Compute<T>* bias, const T* residual, const From* sums, T* y, int64_t grain,
           F f) {
  const auto each = [&](auto sum) {
    parallel_elements(rows * channels, grain, [=](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) y[i] = store<T>(f(sum(i)));
    });
  };
  const auto each_row = [&](auto sum) {
    parallel_ranges(rows, rows * channels, grain, [=](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int64_t first = row * channels;
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) y[first + c] = store<T>(f(sum(first + c, c)));
      }
    });
  };
  if (bias && residual) each_row([=](int64_t i, int64_t c) { return load(sums[i]) + bias[c] + load(residual[i]); });
  else if (bias) each_row([=](int64_t i, int64_t c) { return load(sums[i]) + bias[c]; });
  else if (residual) each([=](int64_t i) { return load(sums[i]) + load(residual[i]); });
  else each([=](int64_t i) { return load(sums[i]); });
}

template <typename T, typename From>
void apply(int64_t rows, int64_t channels, const Epilogue& epilogue, const From* sums, T* y) {
  using C = Compute<T>;
  const C* const bias = static_cast<const C*>(epilogue.bias);
  const T* const residual = static_cast<const T*>(epilogue.residual);
  const C alpha = static_cast<C>(epilogue.alpha);
  if (epilogue.mask) {
    const T* const mask = static_cast<const T*>(epilogue.mask);
    parallel_elements(rows * channels, kCheapGrain, [=](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) y[i] = store<T>(masked<C>(alpha, load(mask[i]), load(sums[i])));
    });
    return;
  }
  const auto with = [&](int64_t grain, auto f) { apply(rows, channels, bias, residual, sums, y, grain, f); };
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
