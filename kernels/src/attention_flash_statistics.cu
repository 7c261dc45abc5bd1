// What the gradients of attention on tensor cores need of each query: log2 of its sum of weights, and delta_i = sum_e g[i, e] * o[i, e].
// Four lanes own a row, 16 bytes of each tensor at a time. Moves g and o once: bound by memory.
#include "kernels/device/flash.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class T>
__global__ void __launch_bounds__(kThreads)
    find_statistics_kernel(FlashMatrix<T> g, FlashMatrix<T> o, const float* logsum, FlashStatistics* statistics, int64_t rows) {
  constexpr int kSize = Pack<T>::kSize;
  const int lane = simt::lane() % 4, width = g.width;
  for (int64_t first = first_item() / 32 * 8; first < rows; first += item_stride() / 4) {
    const int64_t row = first + simt::lane() / 4;
    float sum = 0;
    if (row < rows) {
      const T *above = g.data + row * width, *out = o.data + row * width;
      for (int e = lane * kSize; e < width; e += 4 * kSize) {
        Pack<T> a, b;
        if (g.vectors && o.vectors) {
          a = load_pack(above + e), b = load_pack(out + e);
        } else {
#pragma unroll
          for (int i = 0; i < kSize; ++i) {
            a[i] = e + i < width ? above[e + i] : T{};
            b[i] = e + i < width ? out[e + i] : T{};
          }
        }
#pragma unroll
        for (int i = 0; i < kSize; ++i) sum += widen(a[i]) * widen(b[i]);
      }
    }
    sum += simt::shuffle_xor(sum, 1);
    sum += simt::shuffle_xor(sum, 2);
    if (row < rows && lane == 0) {
      const int64_t gaps = g.count % 2 != 0 ? row / g.count : 0;   // flash_statistics_count
      statistics[row + gaps] = {kLog2E * logsum[row], sum};
    }
  }
}

}  // namespace

void flash_statistics(Stream stream, const Attention& a, const void* g, const void* o, const float* logsum, FlashStatistics* statistics) {
  const int64_t rows = int64_t{a.batch} * a.queries;
  const auto find = [&](auto element) {
    using T = decltype(element);
    launch(find_statistics_kernel<T>, dim3(blocks_for(rows * 4)), dim3(kThreads), stream, flash_matrix<T>(g, a.queries, a.width),
           flash_matrix<T>(o, a.queries, a.width), logsum, statistics, rows);
  };
  if (a.dtype == DType::f32) find(float{});
  else find(Bf16{});
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
