// y[n,p,q,c] = sum over the taps i of row p and j of column q of weight_i * weight_j * x[n,i,j,c]: resizing,
// padding, average pooling, and with transposed axes their gradients. A thread owns a pack of channels of one
// output pixel, grid-stride; its taps' tables stay in the caches. Writes y once and reads x (rows.taps *
// columns.taps) times, mostly from L1: bound by memory for few taps, by L1 for many.
#include "kernels/device/dispatch.h"
#include "kernels/device/families.h"
#include "kernels/device/grid.h"
#include "kernels/device/pack.h"
#include "kernels/device/taps.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <int kWidth, class T>
__global__ void apply_axes_kernel(Resample r, int64_t items, const T* x, T* y) {
  using A = Accumulator<T>;
  const int64_t packs = r.c / kWidth;
  for (int64_t item = first_item(); item < items; item += item_stride()) {
    const Division by_pack = divide(item, packs), by_column = divide(by_pack.quotient, r.columns.out);
    const Division by_row = divide(by_column.quotient, r.rows.out);
    const int64_t channel = by_pack.remainder * kWidth;
    const Taps rows = taps_of(r.rows, static_cast<int>(by_row.remainder));
    const Taps columns = taps_of(r.columns, static_cast<int>(by_column.remainder));
    const T* image = x + by_row.quotient * r.rows.in * r.columns.in * r.c + channel;
    A sum[kWidth] = {};
    for (int i = rows.begin; i < rows.end; ++i) {
      const T* line = image + int64_t{tap_index(r.rows, i)} * r.columns.in * r.c;
      A part[kWidth] = {};
      for (int j = columns.begin; j < columns.end; ++j) {
        const A weight = tap_weight<A>(r.columns, j);
        const T* pixel = line + int64_t{tap_index(r.columns, j)} * r.c;
        if constexpr (kWidth == 1) {
          part[0] += weight * widen(*pixel);
        } else {
          const Pack<T> v = load_pack(pixel);
          for (int k = 0; k < kWidth; ++k) part[k] += weight * widen(v[k]);
        }
      }
      const A weight = tap_weight<A>(r.rows, i);
      for (int k = 0; k < kWidth; ++k) sum[k] += weight * part[k];
    }
    if constexpr (kWidth == 1) {
      y[item] = narrow<T>(sum[0]);
    } else {
      Pack<T> v;
      for (int k = 0; k < kWidth; ++k) v[k] = narrow<T>(sum[k]);
      store_pack(y + item * kWidth, v);
    }
  }
}

template <int kWidth, class T>
void launch_axes(Stream stream, const Resample& r, const T* x, T* y) {
  const int64_t items = r.n * r.rows.out * r.columns.out * (r.c / kWidth);
  launch(apply_axes_kernel<kWidth, T>, blocks_for(items), kThreads, stream, r, items, x, y);
}

void apply_axes(Stream stream, const Resample& r, const void* x, void* y) {
  dispatch_float(r.dtype, "resample", [&]<class T>() {
    constexpr int kPack = Pack<T>::kSize;
    if (r.c % kPack == 0 && aligned(x, 16) && aligned(y, 16)) {
      launch_axes<kPack>(stream, r, static_cast<const T*>(x), static_cast<T*>(y));
    } else {
      launch_axes<1>(stream, r, static_cast<const T*>(x), static_cast<T*>(y));
    }
  });
}

}  // namespace

extern const ResampleKernels resample_kernels = {apply_axes};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
