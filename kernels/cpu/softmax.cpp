// Softmax and its relatives, a row a task.
#include "kernels/cpu/columns.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/math.h"

namespace ganymede::kernels::cpu {
namespace {

// The largest element, and the sum of exp(x - largest). An infinite largest element is not taken off: inf -
// inf is NaN.
template <typename C>
struct RowSum {
  C largest, sum;

  template <typename T>
  RowSum(const T* x, int64_t count) {
    largest = sum_line<Largest, C>(count, [x](int64_t i) { return load(x[i]); });
    const C shift = std::isinf(largest) ? C(0) : largest;
    sum = sum_line<Add, C>(count, [x, shift](int64_t i) { return math::exp(load(x[i]) - shift); });
  }
  C log() const { return (std::isinf(largest) ? C(0) : largest) + std::log(sum); }
};

template <typename Body>
void for_each_row(const Softmax& p, Body body) {
  parallel_ranges(p.rows, p.rows * p.columns, kCostlyGrain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) body(row);
  });
}

template <typename T, typename C = Compute<T>>
void forward_of(const Softmax& p, const T* x, T* y) {
  for_each_row(p, [=](int64_t row) {
    const T* from = x + row * p.columns;
    T* to = y + row * p.columns;
    const RowSum<C> total(from, p.columns);
    if (p.kind == SoftmaxKind::softmax) {
      const C largest = total.largest, factor = C(1) / total.sum;
#pragma omp simd
      for (int64_t i = 0; i < p.columns; ++i) to[i] = store<T>(math::exp(load(from[i]) - largest) * factor);
    } else {
      const C largest = total.largest, rest = std::log(total.sum);
#pragma omp simd
      for (int64_t i = 0; i < p.columns; ++i) to[i] = store<T>(load(from[i]) - largest - rest);
    }
  });
}

template <typename T, typename C = Compute<T>>
void gradient_of(const Softmax& p, const T* y, const T* dy, T* dx) {
  for_each_row(p, [=](int64_t row) {
    const T *value = y + row * p.columns, *gradient = dy + row * p.columns;
    T* to = dx + row * p.columns;
    if (p.kind == SoftmaxKind::softmax) {
      const C dot =
          sum_line<Add, C>(p.columns, [=](int64_t i) { return load(gradient[i]) * load(value[i]); });
#pragma omp simd
      for (int64_t i = 0; i < p.columns; ++i) to[i] = store<T>(load(value[i]) * (load(gradient[i]) - dot));
    } else {
      const C sum = sum_line<Add, C>(p.columns, [=](int64_t i) { return load(gradient[i]); });
#pragma omp simd
      for (int64_t i = 0; i < p.columns; ++i)
        to[i] = store<T>(load(gradient[i]) - math::exp(load(value[i])) * sum);
    }
  });
}

void forward(Stream, const Softmax& p, const void* x, void* y) {
  with_float_type(p.dtype, "softmax", [&](auto type) {
    using T = decltype(type);
    forward_of<T>(p, static_cast<const T*>(x), static_cast<T*>(y));
  });
}

void gradient(Stream, const Softmax& p, const void* y, const void* dy, void* dx) {
  with_float_type(p.dtype, "softmax gradient", [&](auto type) {
    using T = decltype(type);
    gradient_of<T>(p, static_cast<const T*>(y), static_cast<const T*>(dy), static_cast<T*>(dx));
  });
}

void logsumexp(Stream, const Softmax& p, const void* x, void* y) {
  with_float_type(p.dtype, "logsumexp", [&](auto type) {
    using T = decltype(type);
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    for_each_row(p, [=](int64_t row) {
      to[row] = store<T>(RowSum<Compute<T>>(from + row * p.columns, p.columns).log());
    });
  });
}

}  // namespace

const SoftmaxKernels softmax_kernels = {forward, gradient, logsumexp};

}  // namespace ganymede::kernels::cpu
