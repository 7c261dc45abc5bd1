// What classifiers with a spatial transformer are for, and what is measured on them.
#pragma once
#include "gan/parts/distortion.h"

namespace ganymede {

// Of pictures [n, canvas, canvas, C] in [-1, 1].
struct Straightened {
  Tensor pictures;   // [n, P, Q, C] in [-1, 1]: what the classifier sees
  Tensor places;     // [n, P, Q, 2]: where in the picture; undefined without a transformer
  Tensor theta;
  Tensor logits;     // [n, classes]
};

struct Straightener {
  std::string transform;   // in words; "none": there is no transformer
  int64_t channels = 1;
  std::function<Straightened(const Tensor& pictures)> look = {};
  Distortion distort;
};

// For each sample the matrix a, b, c, d of the affine map that is nearest, by least squares over the grid, to one from the pixels of a result to places [N, P, Q, 2]; [N, 4] on the host.
std::vector<double> linear_parts(const Tensor& places, bool align_corners);
// Degrees clockwise by which such a map's result is turned: -180 .. 180.
double turn_of(const double* matrix);
// The mean distance in degrees of angles to their common one, the direction of the mean of their unit vectors.
double spread_of(const std::vector<double>& degrees);

// Samples (distorted pictures, straightened), sheets (picture, distorted, straight), the task `straighten`, what `export` writes of it, and the measures error,
// rotation_applied, rotation_left, rotation_left_by_class and outside.
void add_straightening_uses(Recipe& r, const Straightener& s, bool align_corners);

}  // namespace ganymede
