#include "gan/parts/distortion.h"

#include <numbers>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

// Rows of the identity's parameters, and up to `reach` from them.
Tensor near_identity(nn::Transform t, int64_t n, double reach) {
  Tensors columns;
  const auto identity = nn::identity_of(t);
  for (const double v : identity) columns.push_back(full({n, 1}, v));
  return concat(columns, 1) + uniform({n, int64_t(identity.size())}, -reach, reach);
}

nn::Transform transform_of(const std::string& kind) { return kind == "P" ? nn::Transform::projective : kind == "E" ? nn::Transform::tps : nn::Transform::similarity; }

int64_t canvas_of(const Config& c, const std::string& kind) {
  if (c.data.size != c.data.width) throw UsageError(text("pictures of ", c.data.width, "x", c.data.size, " pixels: distortions take square ones"));
  return c.integer("canvas", kind == "RTS" ? c.data.size * 3 / 2 : c.data.size, "side of distorted pictures in pixels; 42 for digits of 28 in the paper's RTS", c.data.size, 4096);
}

}  // namespace

Tensor seen_at(const Tensor& pictures, const Tensor& places, SampleBorder border, bool align_corners) {
  return grid_sample(pictures + 1.0, places, {.border = border, .align_corners = align_corners}) - 1.0;
}

Distortion::Distortion(const Config& c, SampleBorder border, bool align_corners)
    : kind_(c.choice("distortion", {"R", "RTS", "P", "E", "none"}, "of pictures, drawn anew each time: rotation; rotation, scale and translation; projective; elastic; none: the data are distorted as they are")),
      size_(c.data.size), canvas_(canvas_of(c, kind_)), border_(border), align_corners_(align_corners), grid_(transform_of(kind_), canvas_, canvas_, align_corners) {
  if (kind_ == "R" || kind_ == "RTS") rotation_ = c.number("rotation", kind_ == "R" ? 90 : 45, "degrees by which pictures are turned at most, either way", 0, 180) * std::numbers::pi / 180;
  if (kind_ == "RTS") {
    least_ = c.number("least_scale", 0.7, "size of the smallest pictures, times their own", 0.01, 100);
    most_ = c.number("most_scale", 1.2, "size of the largest", least_, 100);
  }
  if (kind_ == "P") reach_ = c.number("projection", 0.3, "how far each number of the projective transform lies from the identity's at most", 0, 0.49);
  if (kind_ == "E") reach_ = c.number("bend", 0.25, "how far each of the 16 points of the thin plate spline moves at most along both axes; 1: half the picture's side", 0, 10);
}

Tensor Distortion::places(int64_t n) const {
  const double room = double(canvas_) / double(size_);
  if (kind_ == "P" || kind_ == "E") return grid_(near_identity(transform_of(kind_), n, reach_)) * room;
  const Tensor zero = zeros({n, 1}), one = ones({n, 1});
  if (kind_ == "none") return grid_(concat({one * room, zero, zero, zero}, 1));
  // A picture that is turned by an angle, scaled and moved shows at t what lay at R(-angle) (t - move) room / scale.
  const Tensor back = uniform({n, 1}, -rotation_, rotation_);
  if (kind_ == "R") return grid_(concat({one * room, back, zero, zero}, 1));
  const Tensor scale = uniform({n, 1}, least_, most_), s = reciprocal(scale) * room;
  const Tensor reach = relu(1.0 - scale / room);   // what is as large as the canvas stays in its middle
  const Tensor right = uniform({n, 1}, -1, 1), down = uniform({n, 1}, -1, 1);
  const Tensor x = right * reach, y = down * reach, cosine = cos(back), sine = sin(back);
  return grid_(concat({s, back, -(s * (cosine * x - sine * y)), -(s * (sine * x + cosine * y))}, 1));
}

Distorted Distortion::operator()(const Tensor& x) const {
  require(x.dim(1) == size_ && x.dim(2) == size_, "distortion of ", x.shape(), ": it was made for ", size_, "x", size_);
  const Tensor at = places(x.dim(0));
  return {seen_at(x, at, border_, align_corners_), at};
}

}  // namespace ganymede
