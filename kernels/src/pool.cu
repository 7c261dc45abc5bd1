// Max pooling over windows of two axes, its adjoint for the positions found, and the pick at those positions.
// A thread owns one element of the result, neighbours in memory by neighbouring threads, grid-stride. forward
// reads every window (from L1 where windows overlap); gradient reads positions and dy of the windows that
// hold its pixel, in their order, so no atomics are needed. Bound by memory.
#include <cmath>

#include "kernels/device/dispatch.h"
#include "kernels/device/families.h"
#include "kernels/device/convert.h"
#include "kernels/device/grid.h"
#include "kernels/device/taps.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

// Where an element of [N, rows, columns, C] lies.
struct Place {
  int64_t image;
  int row, column;
  int64_t channel;
};

__device__ inline Place place_of(int64_t item, int rows, int columns, int64_t c) {
  const Division by_channel = divide(item, c), by_column = divide(by_channel.quotient, columns);
  const Division by_row = divide(by_column.quotient, rows);
  return {by_row.quotient, static_cast<int>(by_row.remainder), static_cast<int>(by_column.remainder),
          by_channel.remainder};
}

template <class T>
__global__ void find_maxima_kernel(Resample r, int64_t items, const T* x, T* y, int32_t* position) {
  for (int64_t item = first_item(); item < items; item += item_stride()) {
    const Place at = place_of(item, r.rows.out, r.columns.out, r.c);
    const Taps rows = taps_of(r.rows, at.row), columns = taps_of(r.columns, at.column);
    const T* image = x + at.image * r.rows.in * r.columns.in * r.c + at.channel;
    Accumulator<T> best = -static_cast<Accumulator<T>>(INFINITY);
    int32_t where = -1;
    for (int i = rows.begin; i < rows.end; ++i) {
      for (int j = columns.begin; j < columns.end; ++j) {
        const int32_t pixel = tap_index(r.rows, i) * r.columns.in + tap_index(r.columns, j);
        const Accumulator<T> value = widen(image[pixel * r.c]);
        if (where < 0 || value > best || (value != value && best == best)) {
          best = value;
          where = pixel;
        }
      }
    }
    y[item] = narrow<T>(best);
    position[item] = where;
  }
}

template <class T>
__global__ void sum_windows_kernel(Resample r, int64_t items, const T* dy, const int32_t* position, T* dx) {
  for (int64_t item = first_item(); item < items; item += item_stride()) {
    const Place at = place_of(item, r.rows.out, r.columns.out, r.c);
    const Taps rows = taps_of(r.rows, at.row), columns = taps_of(r.columns, at.column);
    const int64_t image = at.image * r.rows.in * r.columns.in;
    const int32_t here = at.row * r.columns.out + at.column;
    Accumulator<T> sum = 0;
    for (int i = rows.begin; i < rows.end; ++i) {
      for (int j = columns.begin; j < columns.end; ++j) {
        const int64_t window = image + int64_t{tap_index(r.rows, i)} * r.columns.in + tap_index(r.columns, j);
        const int64_t k = window * r.c + at.channel;
        if (position[k] == here) sum += widen(dy[k]);
      }
    }
    dx[item] = narrow<T>(sum);
  }
}

template <class T>
__global__ void pick_positions_kernel(Resample r, int64_t items, const T* x, const int32_t* position, T* y) {
  const int64_t outputs = int64_t{r.rows.out} * r.columns.out * r.c,
                inputs = int64_t{r.rows.in} * r.columns.in * r.c;
  for (int64_t item = first_item(); item < items; item += item_stride()) {
    const int64_t image = divide(item, outputs).quotient, channel = divide(item, r.c).remainder;
    const int32_t pixel = position[item];
    y[item] = pixel < 0 ? narrow<T>(Accumulator<T>(0)) : x[image * inputs + pixel * r.c + channel];
  }
}

int64_t items_of(const Resample& r) { return r.n * r.rows.out * r.columns.out * r.c; }

void find_maxima(Stream stream, const Resample& r, const void* x, void* y, int32_t* position) {
  dispatch_float(r.dtype, "max_pool", [&]<class T>() {
    launch(find_maxima_kernel<T>, blocks_for(items_of(r)), kThreads, stream, r, items_of(r),
           static_cast<const T*>(x), static_cast<T*>(y), position);
  });
}

void sum_windows(Stream stream, const Resample& transposed, const void* dy, const int32_t* position,
                 void* dx) {
  dispatch_float(transposed.dtype, "max_pool.gradient", [&]<class T>() {
    const int64_t items = items_of(transposed);
    launch(sum_windows_kernel<T>, blocks_for(items), kThreads, stream, transposed, items,
           static_cast<const T*>(dy), position, static_cast<T*>(dx));
  });
}

void pick_positions(Stream stream, const Resample& r, const void* x, const int32_t* position, void* y) {
  dispatch_float(r.dtype, "max_pool.pick", [&]<class T>() {
    launch(pick_positions_kernel<T>, blocks_for(items_of(r)), kThreads, stream, r, items_of(r),
           static_cast<const T*>(x), position, static_cast<T*>(y));
  });
}

}  // namespace

extern const MaxPoolKernels max_pool_kernels = {find_maxima, sum_windows, pick_positions};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
