// Spatial transformers (Jaderberg, Simonyan, Zisserman, Kavukcuoglu: Spatial Transformer Networks, NIPS 2015, arXiv 1506.02025): a network looks at
// pictures, says how each is to be transformed, and the transformed pictures are what follows sees.
#pragma once
#include <string>
#include <vector>

#include "engine/ops/grid_sample.h"
#include "nn/module.h"

namespace ganymede::nn {

// What maps places of the result (x_t, y_t), [-1, 1] the picture, x right and y down, to places of the source, and its parameters:
//   affine      a, b, tx, c, d, ty       x_s = a x_t + b y_t + tx,  y_s = c x_t + d y_t + ty
//   attention   s, tx, ty                x_s = s x_t + tx,  y_s = s y_t + ty
//   similarity  s, phi, tx, ty           s R(phi) (x_t, y_t) + t: rotation, scale and translation; positive angles are clockwise
//   projective  h11 ... h32, h33 = 1     (X, Y, Z) = H (x_t, y_t, 1),  x_s = X / Z,  y_s = Y / Z,  Z at least 1e-6 away from 0
//   tps         x, y of 16 points        the thin plate spline that takes a regular 4 x 4 grid over the picture, row by row, to these points
enum class Transform { affine, attention, similarity, projective, tps };
int64_t parameters_of(Transform t);
std::vector<double> identity_of(Transform t);

// The places that the pixels of a result of height x width see: theta [N, parameters] -> [N, height, width, 2] for grid_sample with the same align_corners.
class TransformGrid {
 public:
  TransformGrid(Transform transform, int64_t height, int64_t width, bool align_corners);
  Tensor operator()(const Tensor& theta) const;

 private:
  Transform transform_;
  int64_t height_, width_;
  bool align_corners_;
  Tensor spline_;   // [1, height * width, 16]: what each of the points adds to each place
};

// The constant matrix [places, 16] of thin plate splines: a place of the source is the sum of the 16 points, weighted by its row. places: x, y, x, y, ...
std::vector<double> thin_plate_matrix(const std::vector<double>& places);

struct SpatialTransformerSpec {
  Transform transform = Transform::affine;
  int64_t height = 0, width = 0;   // of the result
  SampleBorder border = SampleBorder::zeros;
  bool align_corners = true;       // as in the paper's code; false: PyTorch's standard
};

// [N, H, W, C] -> [N, height, width, C]. `localise` maps pictures to [N, features]; the layer behind it, which makes theta of them, begins as the identity.
class SpatialTransformer : public Module {
 public:
  SpatialTransformer(Layer localise, int64_t features, const SpatialTransformerSpec& spec);
  Tensor forward(const Tensor& x) override { return forward(Tensors{x})[0]; }
  // {x} to {result, places [N, height, width, 2], theta [N, parameters]}.
  Tensors forward(const Tensors& xs) override;
  bool batches_pass_together() const override { return localise_->batches_pass_together(); }
  void visit(const Visit& v) override;
  std::string type() const override { return "transformer"; }
  std::string describe() const override;

 private:
  SpatialTransformerSpec spec_;
  TransformGrid grid_;
  Layer localise_, theta_;
};
Layer spatial_transformer(Layer localise, int64_t features, const SpatialTransformerSpec& spec);

}  // namespace ganymede::nn
