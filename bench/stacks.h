// Recipes whose whole training steps are timed on pictures of noise, of any size, with the layers, losses and order of work of
// bench/torch_steps.py: SRResNet and SRGAN's pixels and features, and a progressive GAN at one resolution.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gan/data/loader.h"
#include "gan/trainer.h"

namespace ganymede::bench {

// A model's name here and the size of its pictures: "progan" (the model progressive-gan with the paper's widths, beginning at that resolution,
// so that nothing is blended), "srresnet" (Ledig et al. 2017: four times as large, mean squared error) and
// "srgan" (the same generator; D, and VGG-19's relu5_4 with weights as drawn). size: of G's pictures in progan, of its input in the others.
// divisor: of all widths, for tests.
struct StackShape {
  std::string model;
  int64_t size;
  int divisor = 1;
};
bool is_stack(const std::string& model);
// On the context's device. UsageError if there is no such stack.
Recipe stack_recipe(const StackShape& shape);

// A trainer of it with the data that it needs.
class Stack {
 public:
  Stack(const StackShape& shape, int64_t batch, bool capture = true);
  Trainer& trainer() { return *trainer_; }
 private:
  std::unique_ptr<data::Dataset> data_;
  std::unique_ptr<data::Loader> loader_;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace ganymede::bench
