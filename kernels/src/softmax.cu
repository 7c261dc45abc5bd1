// softmax, log-softmax and log-sum-exp of the rows of [rows, columns], and their gradients.
// A warp owns a row of up to 1024 elements, a block of 256 a longer one: one pass for the maximum, one for
// the sum, one that writes; the row comes from L1 or L2 after the first. Memory: one read, one write
// (gradient: two reads).
#include "kernels/api/softmax.h"

#include <cmath>

#include "kernels/device/convert.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/families.h"
#include "kernels/device/grid.h"
#include "kernels/device/math.h"
#include "kernels/device/reduce.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class A>
struct Shared {
  BlockReduce<A> reduce;
};

// The threads that own a row together: a warp, or the block.
struct Owner {
  int lanes, lane;
  int64_t first, step;  // rows

  __device__ explicit Owner(int lanes) : lanes(lanes), lane(threadIdx.x % lanes) {
    const int rows = kThreads / lanes;
    first = int64_t{blockIdx.x} * rows + threadIdx.x / lanes;
    step = int64_t{gridDim.x} * rows;
  }
  template <class A, class Combine>
  __device__ A reduce(A value, Combine combine, A identity,
                      simt::Where where = simt::Where::current()) const {
    if (lanes == 32) return warp_reduce(value, combine, where);
    return block_reduce(value, combine, identity, shared<Shared<A>>().reduce, where);
  }
};

// The maximum of a row and the sum of e^(x - maximum).
template <class A>
struct RowSum {
  A most, sum;
};

template <class T>
__device__ RowSum<Accumulator<T>> sum_exponentials(const Owner& owner, const T* row, int64_t columns) {
  using A = Accumulator<T>;
  const A least = -static_cast<A>(INFINITY);
  A most = least, sum = 0;
  for (int64_t i = owner.lane; i < columns; i += owner.lanes) most = math::maximum(most, widen(row[i]));
  most = owner.reduce(most, Max{}, least);
  for (int64_t i = owner.lane; i < columns; i += owner.lanes) sum += math::exp(widen(row[i]) - most);
  return {most, owner.reduce(sum, Add{}, A(0))};
}

// Owners beyond the last row go along with nothing to do, so that whole blocks reach every barrier.
template <class T>
__global__ void apply_softmax_kernel(Softmax s, int lanes, const T* x, T* y) {
  const Owner owner(lanes);
  for (int64_t first = owner.first - threadIdx.x / lanes; first < s.rows; first += owner.step) {
    const int64_t row = first + threadIdx.x / lanes;
    const T* in = x + row * s.columns;
    const auto [most, sum] = sum_exponentials(owner, in, row < s.rows ? s.columns : 0);
    if (row >= s.rows) continue;
    const Accumulator<T> log_sum = math::log(sum);
    for (int64_t i = owner.lane; i < s.columns; i += lanes) {
      const Accumulator<T> shifted = widen(in[i]) - most;
      y[row * s.columns + i] =
          narrow<T>(s.kind == SoftmaxKind::softmax ? math::exp(shifted) / sum : shifted - log_sum);
    }
  }
}

template <class T>
__global__ void apply_softmax_gradient_kernel(Softmax s, int lanes, const T* y, const T* dy, T* dx) {
  using A = Accumulator<T>;
  const Owner owner(lanes);
  for (int64_t first = owner.first - threadIdx.x / lanes; first < s.rows; first += owner.step) {
    const int64_t row = first + threadIdx.x / lanes;
    const bool mine = row < s.rows;
    const T *out = y + row * s.columns, *g = dy + row * s.columns;
    A sum = 0;
    for (int64_t i = owner.lane; mine && i < s.columns; i += lanes)
      sum += s.kind == SoftmaxKind::softmax ? widen(g[i]) * widen(out[i]) : widen(g[i]);
    sum = owner.reduce(sum, Add{}, A(0));
    for (int64_t i = owner.lane; mine && i < s.columns; i += lanes) {
      const A gi = widen(g[i]), yi = widen(out[i]);
      dx[row * s.columns + i] =
          narrow<T>(s.kind == SoftmaxKind::softmax ? yi * (gi - sum) : gi - math::exp(yi) * sum);
    }
  }
}

template <class T>
__global__ void apply_logsumexp_kernel(Softmax s, int lanes, const T* x, T* y) {
  using A = Accumulator<T>;
  const Owner owner(lanes);
  for (int64_t first = owner.first - threadIdx.x / lanes; first < s.rows; first += owner.step) {
    const int64_t row = first + threadIdx.x / lanes;
    const auto [most, sum] = sum_exponentials(owner, x + row * s.columns, row < s.rows ? s.columns : 0);
    if (owner.lane != 0 || row >= s.rows) continue;
    y[row] = narrow<T>(math::abs(most) == static_cast<A>(INFINITY) ? most : most + math::log(sum));
  }
}

int lanes_of(const Softmax& s) { return s.columns <= 1024 ? 32 : kThreads; }
unsigned blocks_of(const Softmax& s) { return grid_of(ceil_div<int64_t>(s.rows * lanes_of(s), kThreads)); }

void apply_softmax(Stream stream, const Softmax& s, const void* x, void* y) {
  dispatch_float(s.dtype, "softmax", [&]<class T>() {
    launch<Shared<Accumulator<T>>>(apply_softmax_kernel<T>, blocks_of(s), kThreads, stream, s, lanes_of(s),
                                   static_cast<const T*>(x), static_cast<T*>(y));
  });
}

void apply_softmax_gradient(Stream stream, const Softmax& s, const void* y, const void* dy, void* dx) {
  dispatch_float(s.dtype, "softmax.gradient", [&]<class T>() {
    launch<Shared<Accumulator<T>>>(apply_softmax_gradient_kernel<T>, blocks_of(s), kThreads, stream, s,
                                   lanes_of(s), static_cast<const T*>(y), static_cast<const T*>(dy),
                                   static_cast<T*>(dx));
  });
}

void apply_logsumexp(Stream stream, const Softmax& s, const void* x, void* y) {
  dispatch_float(s.dtype, "logsumexp", [&]<class T>() {
    launch<Shared<Accumulator<T>>>(apply_logsumexp_kernel<T>, blocks_of(s), kThreads, stream, s, lanes_of(s),
                                   static_cast<const T*>(x), static_cast<T*>(y));
  });
}

}  // namespace

extern const SoftmaxKernels softmax_kernels = {apply_softmax, apply_softmax_gradient, apply_logsumexp};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
