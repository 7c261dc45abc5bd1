// Losses on class logits [N, C] with labels i64 [N]; a label outside 0 .. C - 1 (such as -1) stands for none, and its sample is
// skipped.
#pragma once
#include "engine/tensor.h"

namespace ganymede {

// -log softmax(logits)[label], the mean over the samples that have a label; 0 if none has.
Tensor class_loss(const Tensor& logits, const Tensor& labels);
// The share of the labelled samples whose largest logit is the label's; a constant.
Tensor class_accuracy(const Tensor& logits, const Tensor& labels);

}  // namespace ganymede
