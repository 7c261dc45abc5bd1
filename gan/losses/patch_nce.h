// The contrastive loss of places in pictures (Park et al. 2020).
#pragma once
#include "engine/tensor.h"

namespace ganymede {

// Which of the `all` places of a map are looked at: `count` that are drawn anew at each call, all equally likely, so that one may come twice; or, where there are no
// more than that, all of them in order.
class Places {
 public:
  Places(int64_t all, int64_t count);
  Tensor draw() const;   // i64 [S]
 private:
  int64_t all_, count_;
  Tensor everywhere_;
};

// Rows at places (i64 [S]) of maps [N, h, w, C], the same in every picture: [N, S, C].
Tensor at_places(const Tensor& maps, const Tensor& places);

// Rows of the last axis, brought to length 1: x / (|x| + 1e-7).
Tensor of_unit_length(const Tensor& x);

// -log of the share that the key of a query's own place has among the keys of its picture, mean over places: queries, keys [N, S, C] of unit length, places i64 [S] -> [N].
//   -log exp(q_s k_s / t) / (exp(q_s k_s / t) + sum over other places r of exp(q_s k_r / t))
// A place that was drawn twice is one place: its second key is no other's. Keys are targets, without a gradient. f32 (f64 for f64).
Tensor patch_nce(const Tensor& queries, const Tensor& keys, const Tensor& places, double temperature);

}  // namespace ganymede
