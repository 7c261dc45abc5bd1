// dx = g * f'(reference) and dbias = the sums of its columns, in one pass over [rows, channels].
// A block owns 128 bytes of each row and a part of the rows; its threads have several rows in flight
// (columns.h), and the block that ends last adds up the parts. Reads two tensors and writes one, once: bound
// by memory.
#include "kernels/device/accumulate.h"
#include "kernels/device/column_merge.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/elementwise.h"
#include "kernels/device/functors.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

struct Parts {
  int64_t part, parts;  // rows of a part, parts of the rows
};

Parts parts_of(DType dtype, int64_t rows, int64_t channels) {
  const int64_t part = ceil_div<int64_t>(rows, column_parts(column_tiles(1, channels, dtype), rows));
  return {part, part > 0 ? ceil_div<int64_t>(rows, part) : 1};
}

// merge_block_rows works in its first member.
template <class A, int kWidth>
struct BiasShared {
  ColumnShared<A, kWidth> columns;
  bool last;
};

template <int kWidth, class T>
__global__ void bias_gradient_kernel(Unary f, Accumulator<T> alpha, Accumulator<T> beta, int64_t rows,
                                     int64_t channels, Parts cut, int64_t across, const T* reference,
                                     const T* g, T* dx, Accumulator<T>* sums, unsigned* arrivals,
                                     Accumulator<T>* dbias) {
  using A = Accumulator<T>;
  const Sum<A> op;
  const int64_t jobs = cut.parts * across;
  for (int64_t job = blockIdx.x; job < jobs; job += gridDim.x) {
    const Division at = divide(job, across);
    const int64_t column = (at.remainder * blockDim.x + threadIdx.x) * kWidth;
    const int64_t begin = at.quotient * cut.part, left = rows - begin;
    A states[kWidth];
    for (int j = 0; j < kWidth; ++j) states[j] = op.empty();
    if (column < channels) {
      const int64_t first = begin * channels + column;
      in_batches<4>(threadIdx.y, left < cut.part ? left : cut.part, blockDim.y,
                    [&]<int kRows>(Times<kRows>, int64_t row) {
        Elements<kWidth, T> vr[kRows], vg[kRows];
        for (int i = 0; i < kRows; ++i) {
          const int64_t place = first + (row + int64_t{i} * blockDim.y) * channels;
          vr[i] = load_elements<kWidth>(reference + place);
          vg[i] = load_elements<kWidth>(g + place);
        }
        for (int i = 0; i < kRows; ++i) {
          for (int j = 0; j < kWidth; ++j) {
            const A d = widen(vg[i][j]) * derivative(f, widen(vr[i][j]), alpha, beta);
            states[j] += d;
            vg[i][j] = narrow<T>(d);
          }
          store_elements<kWidth>(dx + first + (row + int64_t{i} * blockDim.y) * channels, vg[i]);
        }
      });
    }
    merge_block_rows(op, states);
    A* to = cut.parts > 1 ? sums + at.quotient * channels : dbias;
    if (threadIdx.y == 0 && column < channels) {
      for (int j = 0; j < kWidth; ++j) to[column + j] = states[j];
    }
    if (cut.parts == 1 ||
        !last_to_arrive(arrivals + at.remainder, cut.parts, shared<BiasShared<A, kWidth>>().last))
      continue;
    for (int j = 0; j < kWidth; ++j) states[j] = op.empty();
    if (column < channels) {
      for (int64_t part = threadIdx.y; part < cut.parts; part += blockDim.y) {
        for (int j = 0; j < kWidth; ++j) states[j] += sums[part * channels + column + j];
      }
    }
    merge_block_rows(op, states);
    if (threadIdx.y == 0 && column < channels) {
      for (int j = 0; j < kWidth; ++j) dbias[column + j] = states[j];
    }
  }
}

template <int kWidth, class T>
void launch_with(Stream stream, const UnaryOp& f, int64_t rows, int64_t channels, const Parts& cut,
                 const T* reference, const T* g, T* dx, Accumulator<T>* sums, Accumulator<T>* dbias) {
  using A = Accumulator<T>;
  const ColumnBlock block = column_block(channels, kWidth, cut.part);
  launch<BiasShared<A, kWidth>>(bias_gradient_kernel<kWidth, T>, grid_of(cut.parts * block.across),
                                dim3(block.threads_x, block.threads_y), stream, f.op,
                                static_cast<A>(f.alpha), static_cast<A>(f.beta), rows, channels, cut,
                                block.across, reference, g, dx, sums,
                                cut.parts > 1 ? arrivals_of(stream) : nullptr, dbias);
}

}  // namespace

void bias_gradient(Stream stream, const UnaryOp& f, DType dtype, int64_t rows, int64_t channels,
                   const void* reference, const void* g, void* dx, void* dbias, void* workspace) {
  if (channels == 0) return;
  dispatch_float(dtype, "bias_gradient", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const Parts cut = parts_of(dtype, rows, channels);
    const T *r = static_cast<const T*>(reference), *from = static_cast<const T*>(g);
    T* to = static_cast<T*>(dx);
    A *sums = static_cast<A*>(workspace), *bias = static_cast<A*>(dbias);
    if (aligned(r, 16) && aligned(from, 16) && aligned(to, 16) && channels % kPack == 0) {
      launch_with<kPack>(stream, f, rows, channels, cut, r, from, to, sums, bias);
    } else {
      launch_with<1>(stream, f, rows, channels, cut, r, from, to, sums, bias);
    }
  });
}

size_t bias_gradient_workspace(DType dtype, int64_t rows, int64_t channels) {
  const Parts cut = parts_of(dtype, rows, channels);
  return cut.parts > 1 ? static_cast<size_t>(cut.parts * channels) * (dtype == DType::f64 ? 8 : 4) : 0;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
