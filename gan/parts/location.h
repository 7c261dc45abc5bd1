// Where the object of a picture is, as a model is told it: a row of numbers a sample (gan/nets/location.h).
#pragma once
#include <vector>

#include "gan/recipe.h"

namespace ganymede {

// In shares of the picture's sides.
struct Box {
  double left = 0.25, top = 0.25, right = 0.75, bottom = 0.75;
  double width() const { return right - left; }
  double height() const { return bottom - top; }
};

class Location {
 public:
  enum class Kind { box, keypoints };
  // UsageError for keypoints of data that have none.
  Location(Kind kind, const DataFacts& data);
  Kind kind() const { return kind_; }
  int64_t length() const { return kind_ == Kind::box ? 4 : 3 * keypoints_; }
  int64_t keypoints() const { return keypoints_; }
  // Rows [n, length]: the first of a sample's "boxes" (of an empty one a box of one pixel), or its "keypoints", hidden ones all 0.
  Tensor of(const Batch& b) const;
  Tensor rows(const std::vector<Box>& boxes) const;   // of kind box
  // The box of each row: its own, or that round its visible keypoints (the middle half of the picture if there is none).
  std::vector<Box> boxes(const Tensor& rows) const;
  // Rows moved and stretched from their boxes to others.
  Tensor moved(const Tensor& rows, const std::vector<Box>& to) const;

 private:
  Kind kind_;
  int64_t keypoints_;
  double width_, height_;
};

}  // namespace ganymede
