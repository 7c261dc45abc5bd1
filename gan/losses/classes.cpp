#include "gan/losses/classes.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

// Of values [N, C] the mean, over the samples that have a label, of the one that the label picks.
Tensor mean_at(const Tensor& values, const Tensor& labels) {
  const Tensor picks = cast(one_hot(labels, values.dim(1)), values.dtype());
  const Tensor labelled = sum(picks);
  return sum(values * picks) / maximum(labelled, ones_like(labelled));
}

}  // namespace

Tensor class_loss(const Tensor& logits, const Tensor& labels) {
  require(logits.rank() == 2 && labels.rank() == 1 && labels.dim(0) == logits.dim(0), "class loss: logits ", logits.shape(), " and labels ", labels.shape());
  return -mean_at(log_softmax(logits.dtype() == DType::bf16 ? cast(logits, DType::f32) : logits), labels);
}

Tensor class_accuracy(const Tensor& logits, const Tensor& labels) {
  const Tensor said = argmax(logits.constant(), 1);
  return mean_at(one_hot(said, logits.dim(1)), labels);
}

}  // namespace ganymede
