// Pictures distorted at random, as Jaderberg et al. 2015 do with digits.
#pragma once
#include "gan/recipe.h"
#include "nn/spatial_transformer.h"

namespace ganymede {

// Pictures [n, H, W, C] in [-1, 1] at places [n, P, Q, 2]. Beyond the picture all is black (-1), or what the border says.
Tensor seen_at(const Tensor& pictures, const Tensor& places, SampleBorder border, bool align_corners);

struct Distorted {
  Tensor pictures;   // [n, canvas, canvas, C] in [-1, 1]
  Tensor places;     // [n, canvas, canvas, 2]: where in its picture each pixel lies
};

// Of square pictures, on a canvas that may be larger. Settings: distortion and, of what it draws uniformly,
//   R    a turn by -`rotation` .. `rotation` degrees (90)
//   RTS  that (45), a size of `least_scale` .. `most_scale` times the picture's (0.7, 1.2), and a place anywhere on the canvas (one and a half times the picture's side)
//   P    the eight numbers of a projective transform, each up to `projection` from the identity's
//   E    16 points of a thin plate spline, each up to `bend` from its place along both axes; 1 is half the picture's side
class Distortion {
 public:
  Distortion(const Config& c, SampleBorder border, bool align_corners);
  int64_t canvas() const { return canvas_; }
  Distorted operator()(const Tensor& x) const;

 private:
  Tensor places(int64_t n) const;
  std::string kind_;
  int64_t size_, canvas_;
  double rotation_ = 0, least_ = 1, most_ = 1, reach_ = 0;   // reach: of projections and bends
  SampleBorder border_;
  bool align_corners_;
  nn::TransformGrid grid_;
};

}  // namespace ganymede
