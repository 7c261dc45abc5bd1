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

kernels::Reduce column_sums(DType dtype, int64_t rows, int64_t channels) {
  return {Reduction::sum, 1, rows, channels, dtype, dtype == DType::f64 ? DType::f64 : DType::f32};
}

// Two passes: the sums find dx in the caches, or take no time.
void bias_gradient(Stream stream, const UnaryOp& op, DType dtype, int64_t rows, int64_t channels, const void* reference, const void* g, void* dx, void* dbias, void* workspace) {
  unary_gradient(stream, op, dtype, rows * channels, reference, g, dx);
  reduce_kernels.reduce(stream, column_sums(dtype, rows, channels), dx, dbias, workspace);
}

size_t bias_gradient_workspace(DType dtype, int64_t rows, int64_t channels) { return reduce_kernels.workspace_bytes(column_sums(dtype, rows, channels)); }

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

void mix(Stream, DType a_type, DType b_type, int64_t rows, int64_t columns, const void* weight, const void* a, const void* b, void* out) {
  with_float_type(a_type, "mix", [&](auto a_of) {
    with_float_type(b_type, "mix", [&](auto b_of) {
      using TA = decltype(a_of);
      using TB = decltype(b_of);
      using C = Compute<TA>;
      if constexpr (std::is_same_v<C, Compute<TB>>) {
        const C* by = static_cast<const C*>(weight);
        parallel_ranges(rows, rows * columns, kCheapGrain, [&](int64_t begin, int64_t end) {
          for (int64_t row = begin; row < end; ++row) {
            const TA* x = static_cast<const TA*>(a) + row * columns;
            const TB* y = static_cast<const TB*>(b) + row * columns;
            C* to = static_cast<C*>(out) + row * columns;
#pragma omp simd
            for (int64_t i = 0; i < columns; ++i) to[i] = load(y[i]) + by[row] * (load(x[i]) - load(y[i]));
          }
        });
      } else {
        unsupported(b_type, "mix beside another type");
      }
    });
  });
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

void join(Stream stream, DType to, const ElementwiseKernels::Piece* pieces, int count, void* out) {
  char* at = static_cast<char*>(out);
  for (const auto* p = pieces; p != pieces + count; ++p) {
    if (p->from) cast(stream, p->type, to, p->count, p->from, at);
    else fill(stream, to, p->count, p->number, at);
    at += p->count * (to == DType::f64 ? 8 : to == DType::f32 ? 4 : 2);
  }
}

}  // namespace

const ElementwiseKernels elementwise_kernels = {unary, unary_gradient, bias_gradient, bias_gradient_workspace, binary, axpby, scale_by, mix, join, fill, cast, copy_strided};

}  // namespace ganymede::kernels::cpu
