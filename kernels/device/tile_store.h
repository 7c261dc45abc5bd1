// Where the results of a tiled product go, and what is done to them on the way: bias, residual, activation, rounding; or a mask, rounding.
#pragma once
#include "kernels/device/conv_maps.h"
#include "kernels/device/convert.h"
#include "kernels/device/functors.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// The activations that api/conv2d.h allows in an epilogue.
__device__ inline float activate(Unary activation, float x, float alpha) {
  switch (activation) {
    case Unary::relu: return evaluate(Fixed<Unary::relu>{}, x, alpha, 0.0f);
    case Unary::leaky_relu: return evaluate(Fixed<Unary::leaky_relu>{}, x, alpha, 0.0f);
    case Unary::sigmoid: return evaluate(Fixed<Unary::sigmoid>{}, x, alpha, 0.0f);
    case Unary::tanh: return evaluate(Fixed<Unary::tanh>{}, x, alpha, 0.0f);
    default: return x;
  }
}

// Rows follow one another at a fixed distance.
struct StridedRows {
  int64_t pitch, first;
  __device__ int64_t offset(int row) const { return first + row * pitch; }
  __device__ int64_t offset(int row, int column) const { return offset(row) + column; }
  __device__ int64_t pixel(int row) const { return row; }
};

// Rows are the positions of one phase of an image [N, height, width, pitch].
struct PhaseRows {
  FastDivide vertical, horizontal;  // positions of the phase
  int first_row, first_column, row_stride, column_stride;
  int height, width, pitch;
  int first_channel;
  __device__ int64_t pixel(int position) const {
    const int column = first_column + horizontal.split(position) * column_stride;
    const int row = first_row + vertical.split(position) * row_stride;
    return (static_cast<int64_t>(position) * height + row) * width + column;
  }
  __device__ int64_t offset(int position) const { return pixel(position) * pitch + first_channel; }
  __device__ int64_t offset(int position, int column) const { return offset(position) + column; }
};

// Rows are pixels of an image that may lie in two tensors, columns its channels from `first` on.
template <class Rows>
struct PairRows {
  Rows rows;
  ImageChannels channels;
  int64_t first;
  __device__ int64_t offset(int row, int column) const {
    const ImageChannels::Place place = channels.of(static_cast<int>(first) + column);
    return rows.pixel(row) * place.pitch + place.offset;
  }
};

// Which bias belongs to a column: its own, but where the rows say otherwise (shuffled_rows.h).
template <class Rows>
__device__ __forceinline__ int channel_of(const Rows& rows, int column) {
  if constexpr (requires { rows.channel(column); }) return rows.channel(column);
  else return column;
}

struct Result {
  void* data;         // element (row, column) at rows.offset(row, column)
  const float* bias;  // one a column (channel_of), or null
  Unary activation;
  float alpha;
  bool rounded;  // to bf16; otherwise f32
  bool vectors;  // runs of four columns that start at a multiple of four are aligned and inside as a whole
  bool packs;    // likewise runs of 16 bytes
  const void* beside = nullptr;  // as data: the residual, or the mask (Epilogue::mask); or null
  bool masks = false;

  __device__ __forceinline__ float met(float sum, float own) const { return !masks ? sum + own : own > 0 ? sum : alpha * sum; }
};

// The activation of some values: which function it is is asked once.
template <int kCount>
__device__ __forceinline__ void activate_run(const Result& result, float (&y)[kCount]) {
  const auto each = [&](auto op) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) y[i] = evaluate(op, y[i], result.alpha, 0.0f);
  };
  switch (result.activation) {
    case Unary::relu: return each(Fixed<Unary::relu>{});
    case Unary::leaky_relu: return each(Fixed<Unary::leaky_relu>{});
    case Unary::sigmoid: return each(Fixed<Unary::sigmoid>{});
    case Unary::tanh: return each(Fixed<Unary::tanh>{});
    default: return;
  }
}

template <class T>
struct alignas(4 * sizeof(T)) Run {
  T v[4];
};

// What lies beside a run of four results, number i at offset(i), meets them; read as one vector where that is possible.
template <class T, class Offset>
__device__ inline void meet_beside(const Result& result, Offset&& offset, float (&y)[4], int count) {
  const T* from = static_cast<const T*>(result.beside);
  if (result.vectors) {
    const Run<T> run = *reinterpret_cast<const Run<T>*>(from + offset(0));
#pragma unroll
    for (int i = 0; i < 4; ++i) y[i] = result.met(y[i], widen(run.v[i]));
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < count) y[i] = result.met(y[i], widen(from[offset(i)]));
    }
  }
}

// A run of four results likewise, written as one vector where that is possible.
template <class T, class Offset>
__device__ inline void store_run(const Result& result, Offset&& offset, const T (&run)[4], int count) {
  T* to = static_cast<T*>(result.data);
  if (result.vectors) {
    *reinterpret_cast<Run<T>*>(to + offset(0)) = {{run[0], run[1], run[2], run[3]}};
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < count) to[offset(i)] = run[i];
    }
  }
}

// Writes results out of shared memory: rows x columns of them, whose first is (first_row, first_column) of the
// product. kThreads threads take part, of which this is number `thread`; neighbouring threads write neighbouring runs.
template <int kThreads, class Rows, int kM, int kPitch>
__device__ inline void store_tile(const Result& result, const Rows& map, const float (&sums)[kM][kPitch],
                                  int first_row, int rows, int first_column, int columns, int thread) {
  const int runs = (columns + 3) / 4;
#pragma unroll 1
  for (int i = thread; i < rows * runs; i += kThreads) {
    const int row = i / runs, column = i % runs * 4;
    const int count = columns - column < 4 ? columns - column : 4;
    float y[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float bias = result.bias && j < count ? result.bias[channel_of(map, first_column + column + j)] : 0.0f;
      y[j] = sums[row][column + j] + bias;
    }
    const auto offset = [&](int j) { return map.offset(first_row + row, first_column + column + j); };
    if (result.beside) {
      if (result.rounded) meet_beside<Bf16>(result, offset, y, count);
      else meet_beside<float>(result, offset, y, count);
    }
#pragma unroll
    for (int j = 0; j < 4; ++j) y[j] = activate(result.activation, y[j], result.alpha);
    if (result.rounded) {
      const Bf16 rounded[4] = {to_bf16(y[0]), to_bf16(y[1]), to_bf16(y[2]), to_bf16(y[3])};
      store_run(result, offset, rounded, count);
    } else {
      store_run(result, offset, y, count);
    }
  }
}

// By all threads of a block of so many.
template <int kThreads, class Rows, int kM, int kPitch>
__device__ inline void store_tile(const Result& result, const Rows& map, const float (&sums)[kM][kPitch],
                                  int first_row, int rows, int first_column, int columns) {
  store_tile<kThreads>(result, map, sums, first_row, rows, first_column, columns, static_cast<int>(threadIdx.x));
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
