// Attention on the cpu: one element of the batch after the other, its scores kept in the workspace between
// two matrix products (a few megabytes, in cache); products by GemmKernels, softmax by rows.
#include <cmath>

#include "kernels/cpu/columns.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/math.h"
#include "kernels/cpu/parallel.h"

namespace ganymede::kernels::cpu {
namespace {

constexpr Epilogue kPlain{nullptr, Unary::identity, 0};

void check_attention(const Attention& a) {
  if (a.depth < 1 || a.keys < 1) {
    throw std::runtime_error("attention: depth " + std::to_string(a.depth) + " and keys " +
                             std::to_string(a.keys) + " must both be at least 1");
  }
}

int64_t score_count(const Attention& a) { return int64_t{a.queries} * a.keys; }

// The workspace: two score matrices in the computing type, and two in T where that is narrower.
template <typename T, typename C = Compute<T>>
struct Scores {
  C *weights, *slopes;  // [queries, keys]
  T *narrow_weights, *narrow_slopes;

  Scores(const Attention& a, void* workspace) {
    weights = static_cast<C*>(workspace);
    slopes = weights + score_count(a);
    if constexpr (std::is_same_v<T, C>) {
      narrow_weights = weights, narrow_slopes = slopes;
    } else {
      narrow_weights = reinterpret_cast<T*>(slopes + score_count(a));
      narrow_slopes = narrow_weights + score_count(a);
    }
  }
};

// c [m, n] = op(a) * op(b), c of the computing type or of dtype.
void multiply(const Attention& p, int m, int n, int k, bool transpose_a, const void* a, bool transpose_b,
              const void* b, bool wide, void* c) {
  const DType out = wide && p.dtype == DType::bf16 ? DType::f32 : p.dtype;
  gemm_kernels.multiply(nullptr, {1, m, n, k, transpose_a, transpose_b, 0, 0, p.dtype, out, p.math}, a, b, c,
                        kPlain);
}

template <typename Body>
void for_each_query(const Attention& a, Body body) {
  parallel_ranges(a.queries, score_count(a), kCostlyGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i);
  });
}

template <typename T, typename C = Compute<T>>
void forward_of(const Attention& a, const T* q, const T* k, const T* v, T* o, C* logsum, void* workspace) {
  const Scores<T> scores(a, workspace);
  const C scale = static_cast<C>(a.scale);
  for (int64_t b = 0; b < a.batch; ++b) {
    multiply(a, a.queries, a.keys, a.depth, false, q + b * a.queries * a.depth, true,
             k + b * a.keys * a.depth, true, scores.weights);
    for_each_query(a, [&](int64_t i) {
      const int64_t keys = a.keys;
      C* row = scores.weights + i * keys;
      T* to = scores.narrow_weights + i * keys;
      const C largest = sum_line<Largest, C>(keys, [=](int64_t j) { return scale * row[j]; });
      const C total = sum_line<Add, C>(keys, [=](int64_t j) { return math::exp(scale * row[j] - largest); });
      const C factor = C(1) / total;
#pragma omp simd
      for (int64_t j = 0; j < keys; ++j) to[j] = store<T>(math::exp(scale * row[j] - largest) * factor);
      logsum[b * a.queries + i] = largest + std::log(total);
    });
    multiply(a, a.queries, a.width, a.keys, false, scores.narrow_weights, false, v + b * a.keys * a.width,
             false, o + b * a.queries * a.width);
  }
}

template <typename T, typename C = Compute<T>>
void gradient_of(const Attention& a, const T* q, const T* k, const T* v, const T* o, const C* logsum,
                 const T* g, T* dq, T* dk, T* dv, void* workspace) {
  const Scores<T> scores(a, workspace);
  const C scale = static_cast<C>(a.scale);
  const bool slopes_wanted = dq || dk;
  for (int64_t b = 0; b < a.batch; ++b) {
    const T *queries = q + b * a.queries * a.depth, *keys = k + b * a.keys * a.depth;
    const T *above = g + b * a.queries * a.width, *out = o + b * a.queries * a.width;
    multiply(a, a.queries, a.keys, a.depth, false, queries, true, keys, true, scores.weights);
    if (slopes_wanted) {
      multiply(a, a.queries, a.keys, a.width, false, above, true, v + b * a.keys * a.width, true,
               scores.slopes);
    }
    for_each_query(a, [&](int64_t i) {
      const int64_t count = a.keys, width = a.width;
      C *weights = scores.weights + i * count, *slopes = scores.slopes + i * count;
      T *to_weights = scores.narrow_weights + i * count, *to_slopes = scores.narrow_slopes + i * count;
      const C sum = logsum[b * a.queries + i];
      const T *above_row = above + i * width, *out_row = out + i * width;
      const C delta =
          sum_line<Add, C>(width, [=](int64_t e) { return load(above_row[e]) * load(out_row[e]); });
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) {
        const C weight = math::exp(scale * weights[j] - sum);
        if (slopes_wanted) to_slopes[j] = store<T>(scale * weight * (slopes[j] - delta));
        to_weights[j] = store<T>(weight);
      }
    });
    if (dq)
      multiply(a, a.queries, a.depth, a.keys, false, scores.narrow_slopes, false, keys, false,
               dq + b * a.queries * a.depth);
    if (dk)
      multiply(a, a.keys, a.depth, a.queries, true, scores.narrow_slopes, false, queries, false,
               dk + b * a.keys * a.depth);
    if (dv)
      multiply(a, a.keys, a.width, a.queries, true, scores.narrow_weights, false, above, false,
               dv + b * a.keys * a.width);
  }
}

void forward(Stream, const Attention& a, const void* q, const void* k, const void* v, void* o, void* logsum,
             void* workspace) {
  check_attention(a);
  with_float_type(a.dtype, "attention", [&](auto element) {
    using T = decltype(element);
    forward_of(a, static_cast<const T*>(q), static_cast<const T*>(k), static_cast<const T*>(v),
               static_cast<T*>(o), static_cast<Compute<T>*>(logsum), workspace);
  });
}

void gradient(Stream, const Attention& a, const void* q, const void* k, const void* v, const void* o,
              const void* logsum, const void* g, void* dq, void* dk, void* dv, void* workspace) {
  check_attention(a);
  with_float_type(a.dtype, "attention gradient", [&](auto element) {
    using T = decltype(element);
    gradient_of(a, static_cast<const T*>(q), static_cast<const T*>(k), static_cast<const T*>(v),
                static_cast<const T*>(o), static_cast<const Compute<T>*>(logsum), static_cast<const T*>(g),
                static_cast<T*>(dq), static_cast<T*>(dk), static_cast<T*>(dv), workspace);
  });
}

size_t workspace_bytes(const Attention& a) {
  const size_t wide = a.dtype == DType::f64 ? sizeof(double) : sizeof(float);
  return 2 * score_count(a) * (wide + (a.dtype == DType::bf16 ? sizeof(Bf16) : 0));
}

}  // namespace

const AttentionKernels attention_kernels = {forward, gradient, workspace_bytes};

}  // namespace ganymede::kernels::cpu
