// 2-D convolution: forward, data gradient (= transposed convolution) and weight gradient. Each is linear in each of its
// two operands, and the three are one another's derivatives.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

// One convolution y = x * w. The same description serves all three directions:
//   y[n,p,q,k] = sum_{r,s,c} x[n, p*stride_h - pad_h + r*dilation_h, q*stride_w - pad_w + s*dilation_w, g*C/groups + c] * w[k,r,s,c]
// with g = k / (K/groups), and outside x what border says. p and q may be smaller than the largest that fit.
// A transposed convolution is the data gradient of the convolution that maps its output to its input; its output
// padding shows only in h and w.
struct Conv2d {
  int n, h, w, c;            // x [N, H, W, C]
  int k, r, s;               // w [K, R, S, C/groups]
  int p, q;                  // y [N, P, Q, K]
  int stride_h, stride_w;    // >= 1
  int pad_h, pad_w;          // top and left, >= 0; bottom and right follow from p and q
  int dilation_h, dilation_w;
  int groups;                // divides C and K
  DType dtype;               // of x, w, y: f32, bf16 (accumulated in f32) or f64 (cpu)
  Math math;                 // f32 only
  // Of forward and weight gradient, which read x through it, wherever reads_border says so; a data gradient has zeros. Reflection
  // needs pad < extent; nothing beyond the pads is met.
  Padding border = Padding::zero;
  // Channels of the first of two tensors side by side in channels that x (y) lies in, of the same N, H, W (N, P, Q): less than C (K), with
  // one group. 0: one tensor. Wherever takes_pairs says so.
  int c_first = 0, k_first = 0;
};
__attribute__((always_inline)) constexpr bool has_pair(const Conv2d& p) { return p.c_first > 0 || p.k_first > 0; }
// The same problem over one tensor at either end.
__attribute__((always_inline)) constexpr Conv2d joined_problem(Conv2d p) {
  p.c_first = p.k_first = 0;
  return p;
}

// Where an image lies: `second` is there if and only if the problem has a pair at that end.
template <class Void>
struct ImageData {
  Void *first, *second;
  __attribute__((always_inline)) constexpr ImageData(Void* first, Void* second = nullptr) : first(first), second(second) {}
};
using ImageIn = ImageData<const void>;
using ImageOut = ImageData<void>;

enum class Conv2dRole { forward, data_gradient, weight_gradient };

// The same convolution of the image with its border around it, in which nothing lies outside. Always inlined: sim and cuda share no symbol.
__attribute__((always_inline)) constexpr Conv2d padded_problem(Conv2d p) {
  if (p.border == Padding::zero) return p;
  p.h += 2 * p.pad_h, p.w += 2 * p.pad_w;
  p.pad_h = p.pad_w = 0;
  p.border = Padding::zero;
  return p;
}

// A weight operand. version points to a counter that every writer of the weight advances, so that a device may keep a
// packed copy; null: the data is not a parameter and must be read afresh.
struct Weight {
  const void* data;          // [K, R, S, C/groups]
  const uint64_t* version;
};

// What the store does after the sum: y = f(sum + bias[channel] + residual), or y = sum * f'(.).
struct Epilogue {
  const void* bias;          // [channels of the output], f32 (f64 when dtype is f64); null: none
  Unary activation;          // identity, relu, leaky_relu, sigmoid or tanh
  double alpha;              // slope of leaky_relu, and of the mask where it is not positive
  const void* residual = nullptr;  // laid out and typed as y, which it does not overlap; null: none
  int shuffle = 1;           // > 1, of forward where Conv2dKernels::shuffles says so: sum k of pixel (p, q) goes to y [N, P*shuffle, Q*shuffle, K/shuffle^2]
                             // as pixel (p*shuffle + i, q*shuffle + j), channel c, with k = c*shuffle^2 + i*shuffle + j; channels of the bias stay those of w
  const void* mask = nullptr;      // laid out and typed as y, which it does not overlap: y = sum * (mask > 0 ? 1 : alpha), the derivative of relu (alpha 0)
                             // or leaky_relu at what it made; without bias, activation, residual and shuffle. null: none
};

struct Conv2dKernels {
  // workspaces: as many bytes as the function below says, contents undefined, at a multiple of 16; may be null when 0.
  void (*forward)(Stream, const Conv2d&, ImageIn x, const Weight& w, ImageOut y, const Epilogue&, void* workspace);
  void (*data_gradient)(Stream, const Conv2d&, ImageIn dy, const Weight& w, ImageOut dx, const Epilogue&, void* workspace);
  // dw is f32 when dtype is bf16.
  void (*weight_gradient)(Stream, const Conv2d&, ImageIn x, ImageIn dy, void* dw, void* workspace);
  size_t (*forward_workspace)(const Conv2d&);
  size_t (*data_gradient_workspace)(const Conv2d&);
  size_t (*weight_gradient_workspace)(const Conv2d&);
  // Whether forward (weight_gradient) of such a problem, whose border is not zeros, reads it itself. Elsewhere x is to be padded first
  // and the problem that of the larger image: there the faster kernel cannot. A function of the problem, the device and the build.
  bool (*reads_border)(Conv2dRole, const Conv2d&);
  // Whether forward of such a problem can store its results pixel-shuffled (Epilogue::shuffle) without giving up a faster kernel.
  bool (*shuffles)(const Conv2d&, int shuffle);
  // Whether a direction reads and writes the two tensors of a problem with pairs in place, through its border if it has one. Elsewhere
  // what it reads is to be joined first, what it writes cut after it: there the faster kernel cannot. A function of the same three.
  bool (*takes_pairs)(Conv2dRole, const Conv2d&);
  // Whether the kernel of a direction multiplies by a mask (Epilogue::mask) where it stores, not in a pass of its own. A function of the same three.
  bool (*masks)(Conv2dRole, const Conv2d&);
};

}  // namespace ganymede::kernels
