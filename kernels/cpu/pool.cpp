// Max pooling over windows of two axes, channels side by side.
#include <limits>

#include "kernels/cpu/families.h"
#include "kernels/cpu/number.h"
#include "kernels/cpu/parallel.h"

namespace ganymede::kernels::cpu {
namespace {

constexpr int64_t kBlock = 64;  // channels at a time

// The entries of row o of an axis: a list, or o itself where the axis is the identity.
struct Window {
  int32_t self, count;
  const int32_t* list;
  Window(const Axis& axis, int32_t o)
      : self(o),
        count(axis.start ? axis.start[o + 1] - axis.start[o] : 1),
        list(axis.start ? axis.index + axis.start[o] : nullptr) {}
  int64_t at(int32_t k) const { return list ? list[k] : self; }
};

// Calls body(n, row, column, first element of that output pixel) for every output pixel.
template <typename Body>
void for_each_pixel(const Resample& p, Body body) {
  const int64_t rows = p.n * p.rows.out,
                work = rows * p.columns.out * p.c + p.n * p.rows.in * p.columns.in * p.c;
  parallel_ranges(rows, work, kCheapGrain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int32_t q = 0; q < p.columns.out; ++q) {
        body(row / p.rows.out, static_cast<int32_t>(row % p.rows.out), q, (row * p.columns.out + q) * p.c);
      }
    }
  });
}

template <typename T, typename C = Compute<T>>
void forward_of(const Resample& p, const T* x, T* y, int32_t* position) {
  for_each_pixel(p, [=](int64_t n, int32_t row, int32_t column, int64_t to) {
    const Window rows(p.rows, row), columns(p.columns, column);
    const T* picture = x + n * p.rows.in * p.columns.in * p.c;
    for (int64_t first = 0; first < p.c; first += kBlock) {
      const int64_t size = std::min(kBlock, p.c - first);
      C best[kBlock];
      int32_t at[kBlock];
      std::fill_n(best, size, -std::numeric_limits<C>::infinity());
      std::fill_n(at, size, -1);
      for (int32_t i = 0; i < rows.count; ++i) {
        for (int32_t j = 0; j < columns.count; ++j) {
          const int32_t here = static_cast<int32_t>(rows.at(i) * p.columns.in + columns.at(j));
          const T* from = picture + here * p.c + first;
#pragma omp simd
          for (int64_t c = 0; c < size; ++c) {
            const C v = load(from[c]);
            const bool take = (v > best[c]) | (at[c] < 0) | ((v != v) & (best[c] == best[c]));
            best[c] = take ? v : best[c];
            at[c] = take ? here : at[c];
          }
        }
      }
      for (int64_t c = 0; c < size; ++c) {
        y[to + first + c] = store<T>(best[c]);
        position[to + first + c] = at[c];
      }
    }
  });
}

template <typename T, typename C = Compute<T>>
void gradient_of(const Resample& p, const T* dy, const int32_t* position, T* dx) {
  for_each_pixel(p, [=](int64_t n, int32_t row, int32_t column, int64_t to) {
    const Window rows(p.rows, row), columns(p.columns, column);
    const int32_t here = row * p.columns.out + column;
    for (int64_t first = 0; first < p.c; first += kBlock) {
      const int64_t size = std::min(kBlock, p.c - first);
      C sums[kBlock] = {};
      for (int32_t i = 0; i < rows.count; ++i) {
        for (int32_t j = 0; j < columns.count; ++j) {
          const int64_t from = ((n * p.rows.in + rows.at(i)) * p.columns.in + columns.at(j)) * p.c + first;
#pragma omp simd
          for (int64_t c = 0; c < size; ++c) {
            const C v = load(dy[from + c]);
            sums[c] += position[from + c] == here ? v : C(0);
          }
        }
      }
      for (int64_t c = 0; c < size; ++c) dx[to + first + c] = store<T>(sums[c]);
    }
  });
}

void forward(Stream, const Resample& p, const void* x, void* y, int32_t* position) {
  with_float_type(p.dtype, "max pool", [&](auto type) {
    using T = decltype(type);
    forward_of<T>(p, static_cast<const T*>(x), static_cast<T*>(y), position);
  });
}

void gradient(Stream, const Resample& p, const void* dy, const int32_t* position, void* dx) {
  with_float_type(p.dtype, "max pool gradient", [&](auto type) {
    using T = decltype(type);
    gradient_of<T>(p, static_cast<const T*>(dy), position, static_cast<T*>(dx));
  });
}

void pick(Stream, const Resample& p, const void* x, const int32_t* position, void* y) {
  with_float_type(p.dtype, "max pool pick", [&](auto type) {
    using T = decltype(type);
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    for_each_pixel(p, [=](int64_t n, int32_t, int32_t, int64_t first) {
      const T* picture = from + n * p.rows.in * p.columns.in * p.c;
      for (int64_t c = 0; c < p.c; ++c) {
        const int64_t at = position[first + c];
        to[first + c] = at < 0 ? store<T>(0) : picture[at * p.c + c];
      }
    });
  });
}

}  // namespace

const MaxPoolKernels max_pool_kernels = {forward, gradient, pick};

}  // namespace ganymede::kernels::cpu
