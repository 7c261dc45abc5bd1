// Attention without a stored score matrix (Dao et al. 2022, arXiv 2205.14135):
//   s[b,i,j] = scale * sum_d q[b,i,d] * k[b,j,d];   a = softmax of s over j
//   o[b,i,e] = sum_j a[b,i,j] * v[b,j,e]
// Heads are part of the batch; no mask. Self-attention of images has pixels as queries and (pooled) pixels as
// keys.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

struct Attention {
  int batch, queries, keys;
  int depth;     // D, of queries and keys, >= 1
  int width;     // E, of values
  double scale;  // 1 in SAGAN, usually 1 / sqrt(D)
  DType dtype;   // of q, k, v, o and the gradients: f32, bf16 (sums in f32) or f64 (cpu)
  Math math;     // f32 only
};

struct AttentionKernels {
  // q [B, queries, D], k [B, keys, D], v [B, keys, E] -> o [B, queries, E]; keys >= 1.
  // logsum [B, queries], f32 (f64 when dtype is f64): log of sum_j exp(s[b,i,j]), kept for the gradient.
  void (*forward)(Stream, const Attention&, const void* q, const void* k, const void* v, void* o,
                  void* logsum, void* workspace);
  // From g = dL/do: dq, dk, dv, each of its operand's shape; a null one is not computed. With
  //   da = g v^T,  delta[i] = sum_e g[i,e] o[i,e],  ds = scale * a * (da - delta)
  //   dq = ds k,  dk = ds^T q,  dv = a^T g
  void (*gradient)(Stream, const Attention&, const void* q, const void* k, const void* v, const void* o,
                   const void* logsum, const void* g, void* dq, void* dk, void* dv, void* workspace);
  size_t (*workspace_bytes)(const Attention&);  // of either
};

}  // namespace ganymede::kernels
