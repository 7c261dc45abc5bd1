// Updates of a model against an independent PyTorch program of its paper, from the same weights, batches and noise. A case is
// one file, tests/cases/NAME.safetensors, made by NAME.py with the same-named helpers of tests/cases/reference.py; every
// file whose metadata name a "model" is run by update_case_test.cpp, so a new case needs no C++. It holds
//   metadata: model, settings ("width=2 latent=3"), iterations; optional: steps, classes, meanings (how many, of label maps), attributes (names), integers (fields of
//     whole numbers, "label"), and bounds: "f32_gradient", "f32_step" other than the standard ones
//   initial.NET.NAME                   parameters and running statistics before; networks may be left at their own first values
//   initial.kept.NAME                  kept tensors before; others start as the model has them
//   K.batch.FIELD, K.batch.FIELD.J     the first batch of iteration K; the J-th (1, 2, ...) of models that see several
//   K.draw.I                           what the I-th draw of iteration K returns: shared values first, then the updates in order
//   K.loss.UPDATE/TERM                 values of terms of the iteration (of the last repeat); at least one for each iteration
//   K.UPDATE.grad.NET.PARAMETER        gradients, zero if left out, and K.UPDATE.step.NET.PARAMETER = p_new - p_old;
//   K.UPDATE.J.grad...                 of its J-th repeat (1, 2, ...)
//   K.after.NET.STATISTIC              running statistics and other buffers after iteration K; K.kept.NAME kept tensors
// Layouts are PyTorch's: rank 4 is [N, C, H, W] or [out, in, height, width] (transposed: [in, out, height, width]).
#pragma once
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace ganymede::test {

struct UpdateBounds {
  double loss, gradient, step, state;  // relative to max(1, |value|), and for gradient and step to the norm over a network
};

// Names of the case files that hold a case of this form.
std::vector<std::string> update_cases();
// Runs every iteration of a case on cpu in this dtype; reports each disagreement as a failure of the running test.
void expect_agreement(const std::string& name, DType dtype);

}  // namespace ganymede::test
