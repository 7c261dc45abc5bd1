// factor * sum of f(sign * x - t + shift), and the gradients with respect to x and t.
// value: a thread sums every so many elements, a block adds its threads up, and the block that ends last adds
// the blocks' sums. gradient: a thread owns single elements, grid-stride. Neighbours are read by neighbours;
// every tensor is read or written once: bound by memory.
#include "kernels/device/column_merge.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/families.h"
#include "kernels/device/functors.h"
#include "kernels/device/pack.h"
#include "kernels/device/reduce.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int64_t kElementsOfBlock = 8 * kThreads, kMaxBlocks = 256;

int64_t blocks_of(int64_t count) {
  const int64_t wanted = ceil_div<int64_t>(count, kElementsOfBlock);
  return wanted < 1 ? 1 : wanted < kMaxBlocks ? wanted : kMaxBlocks;
}

// The argument u, from operands of two types.
template <class A, class X, class T>
struct Difference {
  const X* x;
  const T* t;  // may be null
  A sign, shift;
  __device__ A at(int64_t i) const {
    const A u = sign * widen(x[i]) + shift;
    return t ? u - widen(t[i]) : u;
  }
};

template <class A>
__device__ inline A slope(Unary f, A u) {
  const bool of_value = f == Unary::relu || f == Unary::softplus || f == Unary::sigmoid;
  return derivative(f, of_value ? evaluate(f, u, A(0), A(0)) : u, A(0), A(0));
}

template <class A>
struct ValueShared {
  BlockReduce<A> reduce;
  bool last;
};

template <class A, class X, class T>
__global__ void value_kernel(Unary f, int64_t count, A factor, Difference<A, X, T> difference, A* parts,
                             unsigned* arrivals, A* y) {
  auto& s = shared<ValueShared<A>>();
  A sum = 0;
  for (int64_t i = first_item(); i < count; i += item_stride())
    sum += evaluate(f, difference.at(i), A(0), A(0));
  sum = block_sum(sum, s.reduce);
  if (gridDim.x > 1) {
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
    if (!last_to_arrive(arrivals, gridDim.x, s.last)) return;
    sum = block_sum(threadIdx.x < gridDim.x ? parts[threadIdx.x] : A(0), s.reduce);
  }
  if (threadIdx.x == 0) *y = factor * sum;
}
static_assert(kMaxBlocks <= kThreads, "a thread adds one block's sum");

template <class A, class X, class T>
__global__ void gradient_kernel(Unary f, int64_t count, A factor, Difference<A, X, T> difference, const A* g,
                                X* dx, T* dt) {
  if (g) factor *= *g;
  for (int64_t i = first_item(); i < count; i += item_stride()) {
    const A by = factor * slope(f, difference.at(i));
    if (dx) dx[i] = narrow<X>(difference.sign * by);
    if (dt) dt[i] = narrow<T>(-by);
  }
}

// body<X, T>() for the types of x and t.
template <class Body>
void with_types(const char* what, const Loss& p, bool has_t, Body&& body) {
  dispatch_float(p.x, what, [&]<class X>() {
    if (!has_t || p.t == p.x) return body.template operator()<X, X>();
    if constexpr (std::is_same_v<X, float>) {
      if (p.t == DType::bf16) return body.template operator()<float, Bf16>();
    } else if constexpr (std::is_same_v<X, Bf16>) {
      if (p.t == DType::f32) return body.template operator()<Bf16, float>();
    }
    throw std::runtime_error(std::string(what) + ": operands of " + name(p.x) + " and " + name(p.t));
  });
}

void value(Stream stream, const Loss& p, const void* x, const void* t, void* y, void* workspace) {
  with_types("loss.value", p, t, [&]<class X, class T>() {
    using A = Accumulator<X>;
    const int64_t blocks = blocks_of(p.count);
    const Difference<A, X, T> u{static_cast<const X*>(x), static_cast<const T*>(t), static_cast<A>(p.sign),
                                static_cast<A>(p.shift)};
    launch<ValueShared<A>>(value_kernel<A, X, T>, static_cast<unsigned>(blocks), kThreads, stream, p.f,
                           p.count, static_cast<A>(p.factor), u, static_cast<A*>(workspace),
                           blocks > 1 ? arrivals_of(stream) : nullptr, static_cast<A*>(y));
  });
}

size_t workspace_bytes(const Loss& p) {
  const int64_t blocks = blocks_of(p.count);
  return blocks > 1 ? static_cast<size_t>(blocks) * sizeof(double) : 0;
}

void gradient(Stream stream, const Loss& p, const void* g, const void* x, const void* t, void* dx, void* dt) {
  if (p.count == 0) return;
  with_types("loss.gradient", p, t, [&]<class X, class T>() {
    using A = Accumulator<X>;
    const Difference<A, X, T> u{static_cast<const X*>(x), static_cast<const T*>(t), static_cast<A>(p.sign),
                                static_cast<A>(p.shift)};
    launch(gradient_kernel<A, X, T>, blocks_for(p.count), kThreads, stream, p.f, p.count,
           static_cast<A>(p.factor), u, static_cast<const A*>(g), static_cast<X*>(dx), static_cast<T*>(dt));
  });
}

}  // namespace

extern const LossKernels loss_kernels = {value, workspace_bytes, gradient};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
