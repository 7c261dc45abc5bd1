// Element-wise functions of contiguous tensors; the strided ones (binary, copy) are in broadcast.cpp.
#include "kernels/cpu/broadcast.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/unary.h"

namespace ganymede::kernels::cpu {
namespace {

// Rows of fewer channels than this are joined, so that the inner loop fills its vectors (RGB pictures have
// 3).
constexpr int64_t kShortRow = 64;

template <typename T, typename F>
void unary_plain(F f, int64_t count, const T* x, T* y) {
  parallel_elements(count, is_costly(F::kOp) ? kCostlyGrain : kCheapGrain, [&](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) y[i] = store<T>(f.value(load(x[i])));
  });
}

// The rows [begin, end) of length `width` with one bias value a column.
template <typename T, typename F>
void unary_rows(F f, int64_t begin, int64_t end, int64_t width, const T* x, const Compute<T>* bias, T* y) {
  for (int64_t row = begin; row < end; ++row) {
    const T* from = x + row * width;
    T* to = y + row * width;
#pragma omp simd
    for (int64_t i = 0; i < width; ++i) to[i] = store<T>(f.value(load(from[i]) + bias[i]));
  }
}

template <typename T, typename F>
void unary_biased(F f, int64_t count, const T* x, const Compute<T>* bias, int64_t channels, T* y) {
  const int64_t grain = is_costly(F::kOp) ? kCostlyGrain : kCheapGrain;
  if (channels >= kShortRow) {
    parallel_ranges(count / channels, count, grain,
                    [&](int64_t begin, int64_t end) { unary_rows<T>(f, begin, end, channels, x, bias, y); });
    unary_rows<T>(f, 0, 1, count % channels, x + count / channels * channels, bias,
                  y + count / channels * channels);
    return;
  }
  Compute<T> repeated[2 * kShortRow];
  const int64_t width = channels * ceil_div(kShortRow, channels);
  for (int64_t i = 0; i < width; ++i) repeated[i] = bias[i % channels];
  const int64_t rows = count / width;
  parallel_ranges(rows, count, grain,
                  [&](int64_t begin, int64_t end) { unary_rows<T>(f, begin, end, width, x, repeated, y); });
  unary_rows<T>(f, 0, 1, count - rows * width, x + rows * width, repeated, y + rows * width);
}

void unary(Stream, const UnaryOp& op, DType dtype, int64_t count, const void* x, const void* bias,
           int64_t channels, void* y) {
  with_float_type(dtype, "unary", [&](auto type) {
    using T = decltype(type);
    with_unary<Compute<T>>(op, [&](const auto& f) {
      if (bias) {
        unary_biased<T>(f, count, static_cast<const T*>(x), static_cast<const Compute<T>*>(bias), channels,
                        static_cast<T*>(y));
      } else {
        unary_plain<T>(f, count, static_cast<const T*>(x), static_cast<T*>(y));
      }
    });
  });
}

void unary_gradient(Stream, const UnaryOp& op, DType dtype, int64_t count, const void* reference,
                    const void* g, void* dx) {
  with_float_type(dtype, "unary_gradient", [&](auto type) {
    using T = decltype(type);
    with_unary<Compute<T>>(op, [&](const auto& f) {
      const T *from = static_cast<const T*>(reference), *gradient = static_cast<const T*>(g);
      T* to = static_cast<T*>(dx);
      parallel_elements(count, kCheapGrain, [&](int64_t begin, int64_t end) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) to[i] = store<T>(load(gradient[i]) * f.slope(load(from[i])));
      });
    });
  });
}

void axpby(Stream, DType dtype, int64_t count, double c0, const void* a, double c1, const void* b, double c2,
           void* out) {
  with_float_type(dtype, "axpby", [&](auto type) {
    using T = decltype(type);
    using C = Compute<T>;
    const C k0 = static_cast<C>(c0), k1 = static_cast<C>(c1), k2 = static_cast<C>(c2);
    const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b);
    T* to = static_cast<T*>(out);
    parallel_elements(count, kCheapGrain, [&](int64_t begin, int64_t end) {
      if (y) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) to[i] = store<T>(k0 * load(x[i]) + k1 * load(y[i]) + k2);
      } else {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) to[i] = store<T>(k0 * load(x[i]) + k2);
      }
    });
  });
}

void scale_by(Stream stream, DType dtype, int64_t count, const void* scale, const void* a, void* out) {
  const double factor =
      dtype == DType::f64 ? *static_cast<const double*>(scale) : *static_cast<const float*>(scale);
  axpby(stream, dtype, count, factor, a, 0, nullptr, 0, out);
}

void fill(Stream, DType dtype, int64_t count, double value, void* out) {
  with_any_type(dtype, [&](auto type) {
    using T = decltype(type);
    T* to = static_cast<T*>(out);
    T v;
    if constexpr (std::is_same_v<T, Bf16>) {
      v = to_bf16(static_cast<float>(value));
    } else {
      v = static_cast<T>(value);
    }
    parallel_elements(count, kCheapGrain, [&](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) to[i] = v;
    });
  });
}

template <typename To, typename From>
To convert(From v) {
  if constexpr (std::is_same_v<From, Bf16>) {
    return convert<To>(to_float(v));
  } else if constexpr (std::is_same_v<To, Bf16>) {
    return to_bf16(static_cast<float>(v));
  } else {
    return static_cast<To>(v);
  }
}

void cast(Stream, DType from, DType to, int64_t count, const void* x, void* y) {
  with_any_type(from, [&](auto from_type) {
    using From = decltype(from_type);
    with_any_type(to, [&](auto to_type) {
      using To = decltype(to_type);
      const From* source = static_cast<const From*>(x);
      To* target = static_cast<To*>(y);
      parallel_elements(count, kCheapGrain, [&](int64_t begin, int64_t end) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) target[i] = convert<To>(source[i]);
      });
    });
  });
}

}  // namespace

const ElementwiseKernels elementwise_kernels = {unary,    unary_gradient, binary, axpby,
                                                scale_by, fill,           cast,   copy_strided};

}  // namespace ganymede::kernels::cpu
