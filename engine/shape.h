// The extents of a tensor: at most six, outermost first.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <vector>

#include "kernels/api/types.h"

namespace ganymede {

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims);
  explicit Shape(const std::vector<int64_t>& dims);

  int rank() const { return rank_; }
  int64_t operator[](int i) const { return dims_[i]; }
  int64_t& operator[](int i) { return dims_[i]; }
  // Extent of axis i; negative axes count from the end. Throws when there is no such axis.
  int64_t dim(int i) const { return dims_[axis(i)]; }
  int axis(int i) const;
  int64_t count() const;
  void push_back(int64_t dim);
  Shape without(int axis) const;
  const int64_t* begin() const { return dims_.data(); }
  const int64_t* end() const { return dims_.data() + rank_; }
  bool operator==(const Shape& other) const;
  std::string str() const;  // "[2, 3]"

 private:
  int rank_ = 0;
  std::array<int64_t, kernels::kMaxRank> dims_{};
};

std::ostream& operator<<(std::ostream& out, const Shape& shape);

// The shape that a and b broadcast to by NumPy's rule; throws naming `op` and both shapes when there is none.
Shape broadcast(const char* op, const Shape& a, const Shape& b);

}  // namespace ganymede
