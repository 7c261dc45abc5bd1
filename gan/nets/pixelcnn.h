// The network of PixelCNN++ (Salimans et al. 2017): for each pixel numbers that depend on the pixels before it, in raster order, alone.
#pragma once
#include <memory>
#include <vector>

#include "nn/net.h"

namespace ganymede::nets {

struct PixelCnnSize {
  int channels = 3, outputs = 100;  // of pictures; numbers for each pixel
  int width = 160;                  // channels of features
  int blocks = 5;                   // of each stream and resolution on the way down; on the way up one more, but at the coarsest
  int halvings = 2;                 // sides are multiples of 2^halvings
  double dropout = 0.5;             // share of features dropped in each block, in training
  bool above = true;                // a stream of its own for what lies above; without it, nothing above and to the right is seen
  bool shortcuts = true;            // blocks on the way up see what those on the way down gave
  int64_t classes = 0;              // > 0: each block is told the class
};

class PixelCnnStage;
class WeightNormConv;

class PixelCnn : public nn::Module {
 public:
  explicit PixelCnn(const PixelCnnSize& s);
  using nn::Module::forward;
  Tensor forward(const Tensor& x) override { return run(x, {}, false); }
  // {x [N, H, W, channels] in [-1, 1], with classes also their one-hot rows [N, classes]} -> {[N, H, W, outputs]}. Of x with rows cut off below it gives the same for those that are left.
  Tensors forward(const Tensors& xs) override { return {run(xs[0], xs.size() > 1 ? xs[1] : Tensor{}, false)}; }
  // Sets all gains and biases by a batch, layer by layer in one pass: mean 0 and deviation 1 behind each, 0.1 behind the last of a block (Salimans & Kingma 2016).
  void initialise(const Tensor& x);
  void visit(const nn::Visit& v) override;
  std::string type() const override { return "pixelcnn"; }

 private:
  Tensor run(const Tensor& x, const Tensor& one_hot, bool fit);
  PixelCnnSize size_;
  std::shared_ptr<WeightNormConv> first_u_, first_above_, first_left_, last_;
  std::vector<std::shared_ptr<PixelCnnStage>> down_, up_;   // by resolution, in order of the pass
};

}  // namespace ganymede::nets
