// Rows picked by index, the adjoint sum, and one-hot rows.
// gather and one_hot: a thread owns an element of the result, grid-stride. scatter_add: a warp owns 32
// neighbouring columns of one row of the table and goes through the indices 32 at a time, adding the rows of
// dy that a ballot finds, in ascending order: no atomics and no sorting. gather moves two tensors;
// scatter_add reads dy once and the indices once a row: cheap while rows x count stays below some 10^9.
#include "kernels/api/gather.h"

#include "kernels/device/convert.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/families.h"
#include "kernels/device/grid.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class T>
__global__ void gather_rows_kernel(Gather g, const T* x, const int64_t* index, T* y) {
  for (int64_t item = first_item(); item < g.count * g.width; item += item_stride()) {
    const Division at = divide(item, g.width);
    const int64_t row = index[at.quotient];
    y[item] = row >= 0 && row < g.rows ? x[row * g.width + at.remainder] : narrow<T>(Accumulator<T>(0));
  }
}

template <class T>
__global__ void scatter_rows_kernel(Gather g, int64_t across, const T* dy, const int64_t* index, T* dx) {
  constexpr int kWarps = kThreads / 32;
  const int lane = threadIdx.x % 32;
  for (int64_t job = int64_t{blockIdx.x} * kWarps + threadIdx.x / 32; job < g.rows * across;
       job += int64_t{gridDim.x} * kWarps) {
    const Division at = divide(job, across);
    const int64_t row = at.quotient, column = at.remainder * 32 + lane;
    Accumulator<T> sum = 0;
    for (int64_t first = 0; first < g.count; first += 32) {
      unsigned found = simt::ballot(first + lane < g.count && index[first + lane] == row);
      for (int64_t i = first; found; ++i, found >>= 1) {
        if ((found & 1) && column < g.width) sum += widen(dy[i * g.width + column]);
      }
    }
    if (column < g.width) dx[row * g.width + column] = narrow<T>(sum);
  }
}

template <class T>
__global__ void fill_one_hot_kernel(Gather g, const int64_t* index, Accumulator<T> on, Accumulator<T> off,
                                    T* y) {
  for (int64_t item = first_item(); item < g.count * g.width; item += item_stride()) {
    const Division at = divide(item, g.width);
    y[item] = narrow<T>(index[at.quotient] == at.remainder ? on : off);
  }
}

void gather_rows(Stream stream, const Gather& g, const void* x, const int64_t* index, void* y) {
  dispatch_float(g.dtype, "gather", [&]<class T>() {
    launch(gather_rows_kernel<T>, blocks_for(g.count * g.width), kThreads, stream, g,
           static_cast<const T*>(x), index, static_cast<T*>(y));
  });
}

void scatter_rows(Stream stream, const Gather& g, const void* dy, const int64_t* index, void* dx, void*) {
  const int64_t across = ceil_div<int64_t>(g.width, 32);
  dispatch_float(g.dtype, "gather.scatter_add", [&]<class T>() {
    launch(scatter_rows_kernel<T>, blocks_for(g.rows * across * 32), kThreads, stream, g, across,
           static_cast<const T*>(dy), index, static_cast<T*>(dx));
  });
}

void fill_one_hot(Stream stream, const Gather& g, const int64_t* index, double on, double off, void* y) {
  dispatch_float(g.dtype, "one_hot", [&]<class T>() {
    using A = Accumulator<T>;
    launch(fill_one_hot_kernel<T>, blocks_for(g.count * g.width), kThreads, stream, g, index,
           static_cast<A>(on), static_cast<A>(off), static_cast<T*>(y));
  });
}

size_t workspace_bytes(const Gather&) { return 0; }

}  // namespace

extern const GatherKernels gather_kernels = {gather_rows, scatter_rows, workspace_bytes, fill_one_hot};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
