// SinGAN's pyramid: the picture at every scale, the generators, and the ways through them. Shared by the recipe, which
// trains it, and the tasks, which use it. Tensors are [n, h, w, channels] in about [-1, 1].
#pragma once
#include <functional>
#include <vector>

#include "engine/ops.h"
#include "gan/config.h"
#include "gan/nets/singan.h"
#include "gan/singan/shape.h"
#include "nn/net.h"

namespace ganymede::singan {

struct Scale {
  nn::Net G, D;
  int channels = 0;  // inside the networks
  Tensor real;       // the picture, [1, h, w, C]
  Tensor before;     // the reconstruction of the coarser scales, at this size; zeros at scale 0
  Tensor amp;        // [1], amplitude of the noise
};

// Where noise comes from; tests put recorded values in.
struct Draws {
  std::function<Tensor(const Shape&)> normal = [](const Shape& s) { return randn(s); };
  std::function<Tensor(const Shape&)> uniform = [](const Shape& s) { return ganymede::uniform(s); };
};

struct Pyramid {
  PyramidShape shape;
  std::vector<Scale> scales;
  int64_t colours = 3;
  bool noise_in_padding = false;  // noise covers the 5 pixels around the picture too
  Tensor z_star;                  // the noise at scale 0 that reconstructs
  Tensor begun;                   // [1], scales whose training has begun
  Draws draws;

  int finest() const { return shape.finest(); }
  // The finest scale whose training has begun; reads the device. On `plan` the finest of all.
  int reached() const;
  const Extent& size(int scale) const { return shape.sizes[size_t(scale)]; }

  // A picture of the data set as the finest scale's and, shrunk, as those below. Batches are not read: there is only this one.
  void take(const DataFacts& data, int64_t row) const;
  // What training of a scale above 0 starts from: the weights of the scale before if that is as wide, its reconstruction, and an
  // amplitude of `noise` times the error of that.
  void enter(int scale, double noise) const;

  // Noise for a picture of this size: one channel at scale 0, which every colour gets.
  Tensor noise(int scale, int64_t n, const Extent& size) const;
  Tensor noise(int scale, int64_t n) const { return noise(scale, n, size(scale)); }

  // G(amp noise + before) + before. noise undefined: none; before undefined: none (scale 0).
  using Pass = std::function<Tensor(const Tensor&)>;
  Tensor pass(int scale, const Pass& generator, const Tensor& noise, const Tensor& before) const;
  // In two steps, for noise that several passes share: z = amp noise on every colour, zeros around it; and the pass.
  Tensor prepared(int scale, const Tensor& noise) const;
  Tensor input(const Tensor& z, const Tensor& before) const;   // of the generator: z + before, where either may be undefined
  static Tensor onto(const Tensor& before, const Tensor& residual);   // of the generator
  Tensor pass_prepared(const Pass& generator, const Tensor& z, const Tensor& before) const;
  // By the network as it trains, and as it is when frozen.
  Tensor train(int scale, const Tensor& noise, const Tensor& before) const { return pass(scale, scales[size_t(scale)].G, noise, before); }
  Tensor frozen(int scale, const Tensor& noise, const Tensor& before) const;

  // From one scale to the size of the next finer one, or to another size near it. No gradient is meant to pass.
  Tensor enlarge(const Tensor& x, int to_scale) const { return enlarge(x, size(to_scale)); }
  Tensor enlarge(const Tensor& x, const Extent& to) const;

  // Samples of the coarser scales, enlarged to this one; undefined at scale 0.
  Tensor before(int scale, int64_t n) const;
  // The reconstruction as scale `scale` ends it; with another noise at scale 0 instead of z* if given.
  Tensor reconstruct(int scale, const Tensor& other_noise = {}) const;
  // Samples as scale `last` ends them: noise from scale `start` on, `strength` times as strong as in training, reconstruction below it.
  Tensor sample(int64_t n, int last, int start = 0, double strength = 1) const;
  // Samples of tall x wide times the picture's size.
  Tensor sample(int64_t n, int last, double tall, double wide, double strength) const;
  // Goes on from pictures [n, ...] of scale `from`'s size with fresh noise there and above.
  Tensor go_on(int64_t n, int from, int last, const Tensor& before, double strength = 1) const;
  // What scale `scale` (>= 1) makes of a picture of the finest size as input: shrunk to the scale before, enlarged again.
  Tensor inject(const Tensor& picture, int scale) const;
};

}  // namespace ganymede::singan
