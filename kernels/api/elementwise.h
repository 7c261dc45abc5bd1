// Element-wise functions with broadcasting, activations with their derivatives, casts and strided copies.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

// A function of one tensor and its parameters (types.h).
struct UnaryOp {
  Unary op;
  double alpha, beta;
};

// Which tensor the first derivative is a function of ("reference"):
//   y: relu, leaky_relu, elu, selu, softplus, sigmoid, tanh, exp, sqrt, rsqrt, reciprocal
//   x: everything else
// derivative(op, ref) below is f'(.) in terms of that reference. Where f is not differentiable (relu at 0) the
// derivative from the right of y > 0 counts: 1 where y > 0, else the slope; abs and sign give 0 at 0.
struct ElementwiseKernels {
  // y = f(x + bias[i % channels]); bias may be null. x, y of dtype; bias f32 (f64 when dtype is f64). In place allowed.
  void (*unary)(Stream, const UnaryOp&, DType, int64_t count, const void* x, const void* bias, int64_t channels, void* y);
  // dx = g * f'(reference). In place on g allowed.
  void (*unary_gradient)(Stream, const UnaryOp&, DType, int64_t count, const void* reference, const void* g, void* dx);
  // The same of [rows, channels], and dbias[c] = sum over rows of dx (f32, f64 for f64), in an order fixed by the shape.
  void (*bias_gradient)(Stream, const UnaryOp&, DType, int64_t rows, int64_t channels, const void* reference, const void* g, void* dx,
                        void* dbias, void* workspace);
  size_t (*bias_gradient_workspace)(DType, int64_t rows, int64_t channels);

  // c[i] = a op b with strides in elements per output dimension, 0 where broadcast; c is contiguous of dims.
  // greater, greater_equal and equal give 1 or 0 in dtype.
  struct Broadcast {
    int rank;
    int64_t dims[kMaxRank], stride_a[kMaxRank], stride_b[kMaxRank];
  };
  void (*binary)(Stream, Binary, DType, const Broadcast&, const void* a, const void* b, void* c);

  // out[i] = c0 * a[i] + c1 * b[i] + c2; b may be null (then c1 is ignored). Scalars read from the host.
  void (*axpby)(Stream, DType, int64_t count, double c0, const void* a, double c1, const void* b, double c2, void* out);
  // As above with c0 read from device memory (one element of dtype f32, or f64 for f64): out = scale[0] * a.
  void (*scale_by)(Stream, DType, int64_t count, const void* scale, const void* a, void* out);

  // out[r, i] = b[r, i] + weight[r] * (a[r, i] - b[r, i]); a and b f32 or bf16 each and the others f32, or all f64.
  void (*mix)(Stream, DType a_type, DType b_type, int64_t rows, int64_t columns, const void* weight, const void* a, const void* b, void* out);

  // Pieces one after another, each converted to dtype `to` (f32, bf16 or f64, as all of them): elements that lie at `from`, or,
  // where that is null, one number.
  struct Piece {
    const void* from;
    DType type;
    int64_t count;
    double number;
  };
  void (*join)(Stream, DType to, const Piece* pieces /* host */, int piece_count, void* out);

  void (*fill)(Stream, DType, int64_t count, double value, void* out);     // every dtype
  void (*cast)(Stream, DType from, DType to, int64_t count, const void* x, void* y);  // among f32, bf16, f64, i32, i64, u8; to bf16: nearest even

  // to[sum_i idx_i * stride_to_i] = from[sum_i idx_i * stride_from_i] over all idx in dims; element size in bytes 1, 2, 4 or 8.
  // Strides may be 0 in from (broadcast) and negative (flip); offsets are in the pointers. Covers permute, slice, concat, broadcast, crop.
  struct Strided {
    int rank;
    int64_t dims[kMaxRank], stride_from[kMaxRank], stride_to[kMaxRank];
  };
  void (*copy)(Stream, const Strided&, int element_bytes, const void* from, void* to);
};

}  // namespace ganymede::kernels
