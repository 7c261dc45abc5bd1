// The networks of progressive growing (Karras et al. 2018, table 2). Both hold the layers of all resolutions from 4 pixels to the finest;
// a pass uses those up to the resolution that it is for, and may blend the newest with what was there before it.
#pragma once
#include <map>

#include "nn/layers.h"

namespace ganymede::nets {

// UsageError for a batch that does not divide into such groups (nn::minibatch_stddev); groups of 0 are none.
void check_stddev_group(int64_t group, int64_t batch);

struct ProgressiveSize {
  int size = 32;         // pixels of the finest resolution: 4 * 2^k
  int start = 4;         // of the first; coarser ones have layers, but no pictures
  int channels = 3;      // of pictures
  int latent = 512;      // length of z
  int width = 32;        // channels at the finest resolution, doubled at each coarser one ...
  int most_width = 512;  // ... up to this
  int group = 4;         // samples whose deviation D is shown (minibatch_stddev), at most; 0: D is shown none
};
// UsageError for sizes that are not of the form 4 * 2^k, or a start above the size.
void check_progressive(const ProgressiveSize& s);
int progressive_width(const ProgressiveSize& s, int side);

// z [N, latent] -> pictures [N, side, side, channels], linear. With {z, grown}, grown [1] from 0 to 1:
// grown * picture of this resolution + (1 - grown) * picture of the one before, enlarged. grown = 0 gives the latter exactly.
class ProgressiveGenerator : public nn::Module {
 public:
  explicit ProgressiveGenerator(const ProgressiveSize& s);
  // The resolution of all passes from now on; at first the finest.
  void make(int side);
  using Module::forward;
  Tensor forward(const Tensor& z) override { return pass(z, {}); }
  Tensors forward(const Tensors& z_and_grown) override;
  bool batches_pass_together() const override { return true; }
  void visit(const nn::Visit& v) override;
  std::string type() const override { return "progressive"; }
 private:
  Tensor pass(const Tensor& z, const Tensor& grown);
  int side_, start_, finest_;
  std::map<int, nn::Layer> blocks_, to_picture_;   // by side
};

// Pictures [N, side, side, channels] of any of the resolutions -> scores [N, 1]. With {x, grown}: grown * features of x +
// (1 - grown) * those of x shrunk by two, seen as the resolution before.
class ProgressiveDiscriminator : public nn::Module {
 public:
  explicit ProgressiveDiscriminator(const ProgressiveSize& s);
  using Module::forward;
  Tensor forward(const Tensor& x) override { return pass(x, {}); }
  Tensors forward(const Tensors& x_and_grown) override;
  void visit(const nn::Visit& v) override;
  std::string type() const override { return "progressive"; }
 private:
  Tensor pass(const Tensor& x, const Tensor& grown);
  int start_, finest_;
  std::map<int, nn::Layer> from_picture_, blocks_;
  nn::Layer last_;
};

// old + grown * (now - old), of one shape; grown [1]. Exactly old where grown is 0.
Tensor blend(const Tensor& old, const Tensor& now, const Tensor& grown);

}  // namespace ganymede::nets
