// All three directions walk the same runs: the taps of one filter row that fall inside one row of x. Without
// groups and dilation a run is contiguous in x and in w at once, (s, c) together, so the inner loops are long
// even for one channel. Every sum has one owner and one order, whatever the number of threads.
#include "kernels/cpu/conv2d_loops.h"

#include <algorithm>
#include <vector>

#include "kernels/cpu/conv2d_border.h"
#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/number.h"

namespace ganymede::kernels::cpu {
namespace {

constexpr int64_t kWorthThreads = 16384;  // multiply-adds

struct Run {
  int64_t x;  // offset in a row [W, C] of x
  int64_t w;  // offset in a filter row [S, C/groups]
  int64_t length;
};

// The runs of output column q in group g, by the filter's columns. Returns their number, at most S.
int runs_of(const Conv2d& p, int q, int g, Run* runs) {
  const int64_t width = p.c / p.groups;
  const int left = q * p.stride_w - p.pad_w;
  const BorderAxis columns = columns_of(p);
  const bool plain = p.border == Padding::zero || columns.has(left, p.s);
  if (p.groups == 1 && p.dilation_w == 1 && plain) {
    const int begin = std::max(0, -left), end = std::min(p.s, p.w - left);
    if (begin >= end) return 0;
    runs[0] = {(left + begin) * width, begin * width, (end - begin) * width};
    return 1;
  }
  int count = 0;
  for (int s = 0; s < p.s; ++s) {
    const int column = columns.own(left + s * p.dilation_w);
    if (column >= 0) runs[count++] = {int64_t{column} * p.c + g * width, s * width, width};
  }
  return count;
}

int64_t multiplications(const Conv2d& p) {
  return int64_t{p.n} * p.p * p.q * p.k * p.r * p.s * (p.c / p.groups);
}

template <typename T, typename C = Compute<T>>
C dot(const T* a, const T* b, int64_t length) {
  C sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < length; ++i) sum += load(a[i]) * load(b[i]);
  return sum;
}

template <typename T, typename C = Compute<T>>
void add_scaled(C scale, const T* from, C* to, int64_t length) {
#pragma omp simd
  for (int64_t i = 0; i < length; ++i) to[i] += scale * load(from[i]);
}

template <typename T, typename C = Compute<T>>
void forward(const Conv2d& p, const T* x, const T* w, T* y, const Epilogue& epilogue) {
  const int64_t filter_row = int64_t{p.s} * (p.c / p.groups), filter = p.r * filter_row;
  const int64_t image_row = int64_t{p.w} * p.c;
  const Finish<T> finish(epilogue);
  const int group_k = p.k / p.groups;
#pragma omp parallel if (multiplications(p) > kWorthThreads)
  {
    std::vector<Run> runs(p.s);
#pragma omp for collapse(2)
    for (int n = 0; n < p.n; ++n)
      for (int out_row = 0; out_row < p.p; ++out_row)
        for (int q = 0; q < p.q; ++q)
          for (int g = 0; g < p.groups; ++g) {
            const int count = runs_of(p, q, g, runs.data());
            for (int k = g * group_k; k < (g + 1) * group_k; ++k) {
              C sum = 0;
              for (int r = 0; r < p.r; ++r) {
                const int row = rows_of(p).own(out_row * p.stride_h - p.pad_h + r * p.dilation_h);
                if (row < 0) continue;
                const T* const image = x + (int64_t{n} * p.h + row) * image_row;
                const T* const taps = w + k * filter + r * filter_row;
                for (int i = 0; i < count; ++i)
                  sum += dot<T>(image + runs[i].x, taps + runs[i].w, runs[i].length);
              }
              const int64_t to = ((int64_t{n} * p.p + out_row) * p.q + q) * p.k + k;
              y[to] = store<T>(finish(sum, to, k));
            }
          }
  }
}

template <typename T, typename C = Compute<T>>
void data_gradient(const Conv2d& p, const T* dy, const T* w, T* dx, const Epilogue& epilogue) {
  const int64_t filter_row = int64_t{p.s} * (p.c / p.groups), filter = p.r * filter_row;
  const int64_t image_row = int64_t{p.w} * p.c;
  const Finish<T> finish(epilogue);
  const int group_k = p.k / p.groups;
#pragma omp parallel if (multiplications(p) > kWorthThreads)
  {
    std::vector<Run> runs(p.s);
    std::vector<C> sums(image_row);
#pragma omp for collapse(2)
    for (int n = 0; n < p.n; ++n)
      for (int h = 0; h < p.h; ++h) {
        std::fill(sums.begin(), sums.end(), C(0));
        for (int r = 0; r < p.r; ++r) {
          const int from = h + p.pad_h - r * p.dilation_h;
          if (from < 0 || from % p.stride_h != 0 || from / p.stride_h >= p.p) continue;
          const T* const gradient_row = dy + (int64_t{n} * p.p + from / p.stride_h) * p.q * p.k;
          for (int q = 0; q < p.q; ++q)
            for (int g = 0; g < p.groups; ++g) {
              const int count = runs_of(p, q, g, runs.data());
              for (int k = g * group_k; k < (g + 1) * group_k; ++k) {
                const C gradient = load(gradient_row[int64_t{q} * p.k + k]);
                const T* const taps = w + k * filter + r * filter_row;
                for (int i = 0; i < count; ++i)
                  add_scaled(gradient, taps + runs[i].w, sums.data() + runs[i].x, runs[i].length);
              }
            }
        }
        const int64_t first = (int64_t{n} * p.h + h) * image_row;
        for (int column = 0; column < p.w; ++column)
          for (int c = 0; c < p.c; ++c) {
            const int64_t i = int64_t{column} * p.c + c;
            dx[first + i] = store<T>(finish(sums[i], first + i, c));
          }
      }
  }
}

template <typename T, typename C = Compute<T>>
void weight_gradient(const Conv2d& p, const T* x, const T* dy, C* dw) {
  const int64_t filter_row = int64_t{p.s} * (p.c / p.groups), filter = p.r * filter_row;
  const int64_t image_row = int64_t{p.w} * p.c;
#pragma omp parallel if (multiplications(p) > kWorthThreads)
  {
    std::vector<Run> runs(p.s);
#pragma omp for collapse(2)
    for (int k = 0; k < p.k; ++k)
      for (int r = 0; r < p.r; ++r) {
        C* const sums = dw + k * filter + r * filter_row;
        std::fill(sums, sums + filter_row, C(0));
        for (int n = 0; n < p.n; ++n)
          for (int out_row = 0; out_row < p.p; ++out_row) {
            const int row = rows_of(p).own(out_row * p.stride_h - p.pad_h + r * p.dilation_h);
            if (row < 0) continue;
            const T* const image = x + (int64_t{n} * p.h + row) * image_row;
            const T* const gradients = dy + (int64_t{n} * p.p + out_row) * p.q * p.k + k;
            for (int q = 0; q < p.q; ++q) {
              const C gradient = load(gradients[int64_t{q} * p.k]);
              const int count = runs_of(p, q, k / (p.k / p.groups), runs.data());
              for (int i = 0; i < count; ++i)
                add_scaled(gradient, image + runs[i].x, sums + runs[i].w, runs[i].length);
            }
          }
      }
  }
}

}  // namespace

void forward_by_loops(const Conv2d& p, const void* x, const void* w, void* y, const Epilogue& epilogue) {
  with_float_type(p.dtype, "conv2d", [&]<typename T>(T) {
    forward<T>(p, static_cast<const T*>(x), static_cast<const T*>(w), static_cast<T*>(y), epilogue);
  });
}

void data_gradient_by_loops(const Conv2d& p, const void* dy, const void* w, void* dx,
                            const Epilogue& epilogue) {
  with_float_type(p.dtype, "conv2d", [&]<typename T>(T) {
    data_gradient<T>(p, static_cast<const T*>(dy), static_cast<const T*>(w), static_cast<T*>(dx), epilogue);
  });
}

void weight_gradient_by_loops(const Conv2d& p, const void* x, const void* dy, void* dw) {
  with_float_type(p.dtype, "conv2d", [&]<typename T>(T) {
    weight_gradient<T>(p, static_cast<const T*>(x), static_cast<const T*>(dy), static_cast<Compute<T>*>(dw));
  });
}

}  // namespace ganymede::kernels::cpu
