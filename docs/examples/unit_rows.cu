// y[r, :] = x[r, :] / max(|x[r, :]|, eps).
// A warp owns a row: one pass for the sum of squares, one that writes; the second read comes from L1. Moves
// two tensors once: bound by memory.
#include "kernels/device/convert.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/grid.h"
#include "kernels/device/math.h"
#include "kernels/device/reduce.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <class T>
__global__ void scale_rows_kernel(int64_t rows, int64_t columns, Accumulator<T> eps, const T* x, T* y) {
  using A = Accumulator<T>;
  constexpr int kRows = kThreads / 32;  // of a block
  const int lane = threadIdx.x % 32;
  // The loop's condition is the same for the whole warp, so that all lanes reach warp_sum.
  for (int64_t row = int64_t{blockIdx.x} * kRows + threadIdx.x / 32; row < rows;
       row += int64_t{gridDim.x} * kRows) {
    A squares = 0;
    for (int64_t i = lane; i < columns; i += 32) {
      const A value = widen(x[row * columns + i]);
      squares += value * value;
    }
    const A norm = math::sqrt(warp_sum(squares));
    const A scale = A(1) / (norm > eps ? norm : eps);
    for (int64_t i = lane; i < columns; i += 32)
      y[row * columns + i] = narrow<T>(widen(x[row * columns + i]) * scale);
  }
}

inline void scale_rows(Stream stream, DType dtype, int64_t rows, int64_t columns, double eps, const void* x,
                       void* y) {
  dispatch_float(dtype, "scale_rows", [&]<class T>() {
    launch(scale_rows_kernel<T>, blocks_for(rows * 32), kThreads, stream, rows, columns,
           static_cast<Accumulator<T>>(eps), static_cast<const T*>(x), static_cast<T*>(y));
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
