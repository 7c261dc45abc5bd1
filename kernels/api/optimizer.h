// Optimisers over the flat parameter buffer of a network, one launch a step, the norm of the gradient included.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

enum class Rule : uint8_t { sgd, rmsprop, adam, adamax };

// A parameter inside the flat buffer and its gradient, which lies wherever backward left it: as parts that are added up in
// this order while they are read. Gradients are of the parameters' dtype; null ends the parts, none at all: zero.
struct Segment {
  static constexpr int kParts = 4;
  int64_t offset, count;   // elements
  const void* gradient[kParts];
};

// Numbers that change while a captured update is replayed; in device memory, written before the update runs.
struct StepScalars {
  double rate;             // learning rate now
  double beta1;            // adam, adamax: beta1; sgd and rmsprop: momentum now
};

struct Optimizer {
  Rule rule;
  DType dtype;             // of all buffers: f32 or f64
  int64_t count;           // elements of the flat buffer
  double beta2;            // adam, adamax: beta2; rmsprop: alpha
  double eps;              // added outside the root
  double weight_decay;     // coupled: added to the gradient (w * decay); decoupled: p -= rate * decay * p first (AdamW)
  bool decoupled;
  double clip;             // > 0: parameters are clamped to [-clip, clip] after the step (WGAN)
  double ema;              // decay of the average of the weights; used when average is not null
  double gradient_clip = 0;  // > 0: every element of the gradient is clamped to [-gradient_clip, gradient_clip] first
  double norm_clip = 0;      // > 0: the gradient is multiplied by min(1, norm_clip / (norm + 1e-6)) first; not beside gradient_clip
};

struct OptimizerState {
  void* p;                 // [count] in and out
  void* m;                 // adam, adamax: first moment; sgd, rmsprop: velocity (null without momentum)
  void* v;                 // adam, rmsprop: second moment; adamax: running maximum of |g|
  void* average;           // null: none
  int64_t* step;           // device counter of steps done; this launch reads step[0] + 1 as the number of the step
  const StepScalars* scalars;
  const float* gate;       // null, or one device element: 0 means that nothing happens, average and step included
  void* norm_squared = nullptr;        // what gradient_norm_squared wrote; read when norm_clip > 0
  void* norm_workspace = nullptr;      // given: step writes norm_squared itself, whatever the gate; only where norm_clip is 0
  Bf16* copy = nullptr;                // [count], where p is f32: p after the step, rounded; null: none
};

struct OptimizerKernels {
  // adam:    m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; p -= rate * (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)
  // adamax:  m as adam; v = max(b2 v, |g|); p -= rate * sqrt(1-b2^t) / (1-b1^t) * m / (v + eps): the step of the flows of Kingma & Dhariwal (2018); Kingma & Ba (2015) have no sqrt(1-b2^t)
  // rmsprop: v = a v + (1-a) g^2; m = momentum m + g / (sqrt(v) + eps); p -= rate * m
  // sgd:     m = momentum m + g; p -= rate * m
  // g is the clipped gradient, plus decay * p where the decay is coupled. Advances step by one at the end. Segments are sorted; what lies between them is padding and stays as it is.
  void (*step)(Stream, const Optimizer&, const OptimizerState&, const Segment* segments /* host */, int segment_count);
  // out[0] = sum over segments of g^2 (f32, or f64 for f64), in a fixed order. workspace of norm_workspace bytes.
  void (*gradient_norm_squared)(Stream, DType, const Segment* segments, int segment_count, void* out, void* workspace);
  // For either, with so many elements in so many segments.
  size_t (*norm_workspace)(int64_t count, int segment_count);
};

}  // namespace ganymede::kernels
