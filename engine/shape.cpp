#include "engine/shape.h"

#include <algorithm>
#include <ostream>

#include "engine/check.h"

namespace ganymede {

Shape::Shape(std::initializer_list<int64_t> dims) {
  for (int64_t d : dims) push_back(d);
}

Shape::Shape(const std::vector<int64_t>& dims) {
  for (int64_t d : dims) push_back(d);
}

int Shape::axis(int i) const {
  const int a = i < 0 ? i + rank_ : i;
  require(a >= 0 && a < rank_, "axis ", i, " of a tensor of shape ", str(), ": it has ", rank_, " axes");
  return a;
}

int64_t Shape::count() const {
  int64_t n = 1;
  for (int64_t d : *this) n *= d;
  return n;
}

void Shape::push_back(int64_t dim) {
  require(rank_ < kernels::kMaxRank, "a tensor has at most ", kernels::kMaxRank, " axes");
  require(dim >= 0, "a shape with a negative extent ", dim);
  dims_[rank_++] = dim;
}

Shape Shape::without(int axis) const {
  Shape s;
  for (int i = 0; i < rank_; ++i)
    if (i != axis) s.push_back(dims_[i]);
  return s;
}

bool Shape::operator==(const Shape& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

std::string Shape::str() const { return text(*this); }

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '[';
  for (int i = 0; i < shape.rank(); ++i) out << (i ? ", " : "") << shape[i];
  return out << ']';
}

Shape broadcast(const char* op, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::vector<int64_t> dims(rank);
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
    const int64_t da = ia < 0 ? 1 : a[ia], db = ib < 0 ? 1 : b[ib];
    require(da == db || da == 1 || db == 1, op, ": shapes ", a, " and ", b, " do not broadcast");
    dims[i] = da == 1 ? db : da;
  }
  return Shape(dims);
}

}  // namespace ganymede
