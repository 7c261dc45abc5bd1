// Binary functions with broadcasting, scaled sums, fills and casts.
// A thread owns packs of up to 16 bytes, grid-stride. Broadcasting collapses neighbouring dimensions on the
// host first, so that equal shapes, scalars and per-channel operands need no index arithmetic or one division
// a pack. Every kernel reads and writes each tensor once: bound by memory.
#include "kernels/device/dispatch.h"
#include "kernels/device/elementwise.h"
#include "kernels/device/functors.h"
#include "kernels/device/grid.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

using Broadcast = ElementwiseKernels::Broadcast;

// kWidth elements of a row starting at p, or one element repeated where the stride is 0.
template <class T, int kWidth>
__device__ inline void load_row(const T* p, int64_t stride, Accumulator<T> (&values)[kWidth]) {
  if (kWidth == 1 || stride == 0) {
    const Accumulator<T> value = widen(*p);
    for (int j = 0; j < kWidth; ++j) values[j] = value;
  } else {
    const Pack<T> pack = load_pack(p);
    for (int j = 0; j < kWidth; ++j) values[j] = widen(pack[j]);
  }
}

// kWidth is 1, or the pack's size: then the last dimension is a multiple of it, and strides along it are 0
// or 1.
template <int kWidth, class T, class Op>
__global__ void combine_kernel(Op op, Broadcast shape, int64_t items, const T* a, const T* b, T* c) {
  for (int64_t item = first_item(); item < items; item += item_stride()) {
    int64_t rest = item * kWidth, offset_a = 0, offset_b = 0;
    for (int d = shape.rank - 1; d > 0; --d) {
      const Division at = divide(rest, shape.dims[d]);
      offset_a += at.remainder * shape.stride_a[d];
      offset_b += at.remainder * shape.stride_b[d];
      rest = at.quotient;
    }
    offset_a += rest * shape.stride_a[0];
    offset_b += rest * shape.stride_b[0];
    Accumulator<T> x[kWidth], y[kWidth];
    load_row<T, kWidth>(a + offset_a, shape.stride_a[shape.rank - 1], x);
    load_row<T, kWidth>(b + offset_b, shape.stride_b[shape.rank - 1], y);
    if constexpr (kWidth == 1) {
      c[item] = narrow<T>(combine(op, x[0], y[0]));
    } else {
      Pack<T> result;
      for (int j = 0; j < kWidth; ++j) result[j] = narrow<T>(combine(op, x[j], y[j]));
      store_pack(c + item * kWidth, result);
    }
  }
}

// Drops dimensions of 1 and merges neighbours over which both operands run on; rank is at least 1 after it.
Broadcast collapse(const Broadcast& shape) {
  Broadcast out{};
  for (int d = 0; d < shape.rank; ++d) {
    if (shape.dims[d] == 1) continue;
    const int last = out.rank - 1;
    if (last >= 0 && out.stride_a[last] == shape.stride_a[d] * shape.dims[d] &&
        out.stride_b[last] == shape.stride_b[d] * shape.dims[d]) {
      out.dims[last] *= shape.dims[d];
      out.stride_a[last] = shape.stride_a[d];
      out.stride_b[last] = shape.stride_b[d];
    } else {
      out.dims[out.rank] = shape.dims[d];
      out.stride_a[out.rank] = shape.stride_a[d];
      out.stride_b[out.rank] = shape.stride_b[d];
      ++out.rank;
    }
  }
  if (out.rank == 0) {
    out.rank = 1;
    out.dims[0] = 1;
  }
  return out;
}

// Whether every pack of an operand starts at an aligned address and runs on (or repeats one element).
bool packs_fit(const void* base, int rank, const int64_t* strides, int width) {
  const int64_t inner = strides[rank - 1];
  if (inner == 0) return true;
  for (int d = 0; d < rank - 1; ++d) {
    if (strides[d] % width != 0) return false;
  }
  return inner == 1 && aligned(base, 16);
}

template <class T, class Op>
void launch_combine(Stream stream, Op op, const Broadcast& shape, const T* a, const T* b, T* c) {
  constexpr int kWidth = Pack<T>::kSize;
  int64_t count = 1;
  for (int d = 0; d < shape.rank; ++d) count *= shape.dims[d];
  const int64_t inner = shape.dims[shape.rank - 1];
  const bool wide = packs_fit(a, shape.rank, shape.stride_a, kWidth) &&
                    packs_fit(b, shape.rank, shape.stride_b, kWidth) && aligned(c, 16) &&
                    (inner % kWidth == 0 || (shape.rank == 1 && inner > kWidth));
  int64_t done = 0;
  if (wide) {
    const int64_t packs = count / kWidth;
    done = packs * kWidth;
    launch(combine_kernel<kWidth, T, Op>, blocks_for(packs), kThreads, stream, op, shape, packs, a, b, c);
  }
  if (done < count) {  // everything, or the tail of a single row
    launch(combine_kernel<1, T, Op>, blocks_for(count - done), kThreads, stream, op, shape, count - done,
           a + done * shape.stride_a[0], b + done * shape.stride_b[0], c + done);
  }
}

void apply_binary(Stream stream, Binary op, DType dtype, const Broadcast& given, const void* a, const void* b,
                  void* c) {
  for (int d = 0; d < given.rank; ++d) {
    if (given.dims[d] == 0) return;
  }
  const Broadcast shape = collapse(given);
  dispatch_float(dtype, "binary", [&]<class T>() {
    const auto run = [&](auto chosen) {
      launch_combine<T>(stream, chosen, shape, static_cast<const T*>(a), static_cast<const T*>(b),
                        static_cast<T*>(c));
    };
    if constexpr (std::is_same_v<T, double>) {
      run(op);
    } else {
      with_fixed(op, run);
    }
  });
}

// out = scale * c0 * a + c1 * b + c2, with scale (1 when null) in device memory and b optional.
template <class T>
__global__ void add_scaled_kernel(int64_t count, int64_t packs, Accumulator<T> c0,
                                  const Accumulator<T>* scale, const T* a, Accumulator<T> c1, const T* b,
                                  Accumulator<T> c2, T* out) {
  constexpr int kPack = Pack<T>::kSize;
  if (scale) c0 *= *scale;
  for (int64_t p = first_item(); p < packs; p += item_stride()) {
    const Pack<T> x = load_pack(a + p * kPack);
    Pack<T> y = b ? load_pack(b + p * kPack) : x;
    for (int j = 0; j < kPack; ++j) {
      const Accumulator<T> scaled = c0 * widen(x[j]);
      y[j] = narrow<T>((b ? scaled + c1 * widen(y[j]) : scaled) + c2);
    }
    store_pack(out + p * kPack, y);
  }
  for (int64_t i = packs * kPack + first_item(); i < count; i += item_stride()) {
    const Accumulator<T> scaled = c0 * widen(a[i]);
    out[i] = narrow<T>((b ? scaled + c1 * widen(b[i]) : scaled) + c2);
  }
}

void launch_add_scaled(const char* what, Stream stream, DType dtype, int64_t count, double c0,
                       const void* scale, const void* a, double c1, const void* b, double c2, void* out) {
  if (count == 0) return;
  dispatch_float(dtype, what, [&]<class T>() {
    const bool wide = aligned(a, 16) && aligned(b, 16) && aligned(out, 16);
    const int64_t packs = wide ? count / Pack<T>::kSize : 0;
    launch(add_scaled_kernel<T>, blocks_for(packs ? packs : count), kThreads, stream, count, packs,
           static_cast<Accumulator<T>>(c0), static_cast<const Accumulator<T>*>(scale),
           static_cast<const T*>(a), static_cast<Accumulator<T>>(c1), static_cast<const T*>(b),
           static_cast<Accumulator<T>>(c2), static_cast<T*>(out));
  });
}

void axpby(Stream stream, DType dtype, int64_t count, double c0, const void* a, double c1, const void* b,
           double c2, void* out) {
  launch_add_scaled("axpby", stream, dtype, count, c0, nullptr, a, c1, b, c2, out);
}

void scale_by(Stream stream, DType dtype, int64_t count, const void* scale, const void* a, void* out) {
  launch_add_scaled("scale_by", stream, dtype, count, 1, scale, a, 0, nullptr, 0, out);
}

template <class A, class TA, class TB>
__global__ void mix_kernel(int64_t count, int64_t columns, const A* weight, const TA* a, const TB* b, A* out) {
  for (int64_t i = first_item(); i < count; i += item_stride()) {
    const A from = widen(b[i]);
    out[i] = from + weight[divide(i, columns).quotient] * (widen(a[i]) - from);
  }
}

void mix(Stream stream, DType a_type, DType b_type, int64_t rows, int64_t columns, const void* weight,
         const void* a, const void* b, void* out) {
  const int64_t count = rows * columns;
  if (count == 0) return;
  dispatch_float(a_type, "mix", [&]<class TA>() {
    dispatch_float(b_type, "mix", [&]<class TB>() {
      using A = Accumulator<TA>;
      if constexpr (std::is_same_v<A, Accumulator<TB>>) {
        launch(mix_kernel<A, TA, TB>, blocks_for(count), kThreads, stream, count, columns,
               static_cast<const A*>(weight), static_cast<const TA*>(a), static_cast<const TB*>(b),
               static_cast<A*>(out));
      } else {
        throw std::runtime_error("mix: f64 beside another type");
      }
    });
  });
}

constexpr int kMaxPieces = 16;  // of a launch

struct PieceTable {
  ElementwiseKernels::Piece pieces[kMaxPieces];
  int64_t end[kMaxPieces];  // in the result
  int count;
};

template <class A>
__device__ inline A element_of(const ElementwiseKernels::Piece& piece, int64_t i) {
  if (!piece.from) return static_cast<A>(piece.number);
  if (piece.type == DType::f32) return static_cast<A>(static_cast<const float*>(piece.from)[i]);
  if (piece.type == DType::bf16) return static_cast<A>(to_float(static_cast<const Bf16*>(piece.from)[i]));
  return static_cast<A>(static_cast<const double*>(piece.from)[i]);
}

template <class T>
__global__ void join_kernel(const __grid_constant__ PieceTable table, T* out) {
  const int64_t count = table.end[table.count - 1];
  for (int64_t i = first_item(); i < count; i += item_stride()) {
    int piece = 0;
    while (table.end[piece] <= i) ++piece;
    out[i] = narrow<T>(element_of<Accumulator<T>>(table.pieces[piece], i - (piece ? table.end[piece - 1] : 0)));
  }
}

void join(Stream stream, DType to, const ElementwiseKernels::Piece* pieces, int count, void* out) {
  dispatch_float(to, "join", [&]<class T>() {
    T* at = static_cast<T*>(out);
    for (int first = 0; first < count; first += kMaxPieces) {
      PieceTable table{};
      table.count = count - first < kMaxPieces ? count - first : kMaxPieces;
      for (int i = 0; i < table.count; ++i) {
        table.pieces[i] = pieces[first + i];
        table.end[i] = (i ? table.end[i - 1] : 0) + pieces[first + i].count;
      }
      const int64_t elements = table.end[table.count - 1];
      if (elements > 0) launch(join_kernel<T>, blocks_for(elements), kThreads, stream, table, at);
      at += elements;
    }
  });
}

template <class T>
__global__ void fill_kernel(int64_t count, int64_t packs, T value, T* out) {
  constexpr int kPack = Pack<T>::kSize;
  Pack<T> values;
  for (int j = 0; j < kPack; ++j) values[j] = value;
  for (int64_t p = first_item(); p < packs; p += item_stride()) store_pack(out + p * kPack, values);
  for (int64_t i = packs * kPack + first_item(); i < count; i += item_stride()) out[i] = value;
}

void fill(Stream stream, DType dtype, int64_t count, double value, void* out) {
  if (count == 0) return;
  dispatch_any(dtype, "fill", [&]<class T>() {
    T element;
    if constexpr (std::is_same_v<T, Bf16>) {
      element = to_bf16(static_cast<float>(value));
    } else {
      element = static_cast<T>(value);
    }
    const int64_t packs = aligned(out, 16) ? count / Pack<T>::kSize : 0;
    launch(fill_kernel<T>, blocks_for(packs ? packs : count), kThreads, stream, count, packs, element,
           static_cast<T*>(out));
  });
}

}  // namespace

extern const ElementwiseKernels elementwise_kernels = {
    apply_unary, apply_unary_gradient, bias_gradient, bias_gradient_workspace, apply_binary, axpby, scale_by, mix, join, fill, cast, copy_strided};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
