// The invertible network of Glow (Kingma & Dhariwal 2018): pictures to normal noise of as many elements, and back.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/net.h"

namespace ganymede::nets {

struct GlowSize {
  int size = 32, channels = 3;
  int levels = 3;            // each halves the sides; size is a multiple of 2^levels
  int depth = 32;            // steps a level
  int width = 512;           // channels inside the couplings' networks
  bool additive = false;     // couplings shift only; else they scale too
  // How channels meet between couplings: a learned matrix W = P L (U + diag(sign exp(log_s))) that begins as a random rotation, P and sign
  // fixed; or a fixed permutation, random or the order reversed.
  enum class Mixing { lu, shuffle, reverse } mixing = Mixing::lu;
  int64_t classes = 0;       // > 0: the prior of the last level is told the class, and the class is read off that level
};

class GlowStep;
class GlowConv;

class Glow : public nn::Module {
 public:
  explicit Glow(const GlowSize& s);   // UsageError if size or depth do not fit
  using nn::Module::forward;
  Tensor forward(const Tensor& x) override { return forward(Tensors{x})[0]; }
  // {x [N, H, W, C]}, with classes also their one-hot rows [N, classes] -> {eps [N, HWC], log p(x) [N] in nats, with classes logits [N, classes]}.
  // eps is what each level's elements are in deviations from their prior's mean, level after level: standard normal by the model.
  Tensors forward(const Tensors& xs) override { return encode(xs[0], xs.size() > 1 ? xs[1] : Tensor{}, false); }
  // The inverse: eps, and rows of classes where there are some, to x.
  Tensor decode(const Tensor& eps, const Tensor& one_hot = {});
  // Finds the scales and shifts of all actnorms from a batch, layer by layer in one pass: mean 0 and variance 1 behind each.
  void initialise(const Tensor& x);
  // What is drawn once and never moves: permutations and signs. Saved with the model as kept tensors.
  std::vector<nn::NamedTensor> fixed() const;
  void visit(const nn::Visit& v) override;
  std::string type() const override { return "flow"; }

 private:
  struct Prior {
    Tensor mean, log_deviation;
  };
  Tensors encode(const Tensor& x, const Tensor& one_hot, bool fit);
  Prior split_prior(int level, const Tensor& kept);                // of what leaves, from what stays
  Prior top_prior(const Tensor& one_hot);
  GlowSize size_;
  std::vector<std::vector<std::shared_ptr<GlowStep>>> steps_;      // [level][step]
  std::vector<std::shared_ptr<GlowConv>> split_;                   // of all levels but the last
  std::shared_ptr<GlowConv> top_;
  Tensor class_prior_, class_weight_, class_bias_;                 // [2 C, classes], [classes, C], [classes]
};

}  // namespace ganymede::nets
