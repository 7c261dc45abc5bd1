// Both problems are first reduced to the fewest dimensions: those of size 1 go, neighbours that step as one
// are joined.
#include "kernels/cpu/broadcast.h"

#include <cstring>

#include "kernels/cpu/number.h"
#include "kernels/cpu/parallel.h"

namespace ganymede::kernels::cpu {
namespace {

// An index space with two strides a dimension, outermost first.
struct Space {
  int rank = 0;
  int64_t dims[kMaxRank], a[kMaxRank], b[kMaxRank];

  void push(int64_t dim, int64_t stride_a, int64_t stride_b) {
    if (dim == 1) return;
    if (rank > 0 && a[rank - 1] == dim * stride_a && b[rank - 1] == dim * stride_b) {
      dims[rank - 1] *= dim;
      a[rank - 1] = stride_a;
      b[rank - 1] = stride_b;
      return;
    }
    dims[rank] = dim;
    a[rank] = stride_a;
    b[rank] = stride_b;
    ++rank;
  }

  // The product of all dimensions but the last `inner`.
  int64_t outer(int inner) const {
    int64_t product = 1;
    for (int d = 0; d < rank - inner; ++d) product *= dims[d];
    return product;
  }
};

// Walks the outer dimensions of a space in row-major order, keeping both offsets.
class Walk {
 public:
  Walk(const Space& space, int inner, int64_t begin) : space_(space), rank_(space.rank - inner) {
    for (int d = rank_ - 1; d >= 0; --d) {
      index_[d] = begin % space.dims[d];
      begin /= space.dims[d];
      a += index_[d] * space.a[d];
      b += index_[d] * space.b[d];
    }
  }
  void next() {
    for (int d = rank_ - 1; d >= 0; --d) {
      a += space_.a[d];
      b += space_.b[d];
      if (++index_[d] < space_.dims[d]) return;
      a -= space_.dims[d] * space_.a[d];
      b -= space_.dims[d] * space_.b[d];
      index_[d] = 0;
    }
  }
  int64_t a = 0, b = 0;

 private:
  const Space& space_;
  int rank_;
  int64_t index_[kMaxRank];
};

template <Binary op, typename C>
C apply(C a, C b) {
  if constexpr (op == Binary::add) return a + b;
  if constexpr (op == Binary::sub) return a - b;
  if constexpr (op == Binary::mul) return a * b;
  if constexpr (op == Binary::div) return a / b;
  if constexpr (op == Binary::maximum) return a > b || a != a ? a : b;
  if constexpr (op == Binary::minimum) return a < b || a != a ? a : b;
  if constexpr (op == Binary::power) return std::pow(a, b);
  if constexpr (op == Binary::greater) return a > b ? C(1) : C(0);
  if constexpr (op == Binary::greater_equal) return a >= b ? C(1) : C(0);
  if constexpr (op == Binary::equal) return a == b ? C(1) : C(0);
}

// One line of the output. The three common step patterns get loops of their own, which become vector code.
template <Binary op, typename T>
void binary_line(int64_t count, const T* a, int64_t step_a, const T* b, int64_t step_b, T* c) {
  using C = Compute<T>;
  if (step_a == 1 && step_b == 1) {
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) c[i] = store<T>(apply<op, C>(load(a[i]), load(b[i])));
  } else if (step_a == 1 && step_b == 0) {
    const C right = load(b[0]);
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) c[i] = store<T>(apply<op, C>(load(a[i]), right));
  } else if (step_a == 0 && step_b == 1) {
    const C left = load(a[0]);
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) c[i] = store<T>(apply<op, C>(left, load(b[i])));
  } else {
    for (int64_t i = 0; i < count; ++i)
      c[i] = store<T>(apply<op, C>(load(a[i * step_a]), load(b[i * step_b])));
  }
}

template <Binary op, typename T>
void binary_space(const Space& space, const T* a, const T* b, T* c) {
  constexpr int64_t kGrain = op == Binary::power ? kCostlyGrain : kCheapGrain;
  if (space.rank == 0) return binary_line<op, T>(1, a, 0, b, 0, c);
  const int64_t count = space.dims[space.rank - 1], lines = space.outer(1);
  const int64_t step_a = space.a[space.rank - 1], step_b = space.b[space.rank - 1];
  if (space.rank == 1) {
    return parallel_elements(count, kGrain, [&](int64_t begin, int64_t end) {
      binary_line<op, T>(end - begin, a + begin * step_a, step_a, b + begin * step_b, step_b, c + begin);
    });
  }
  parallel_ranges(lines, lines * count, kGrain, [&](int64_t begin, int64_t end) {
    Walk at(space, 1, begin);
    for (int64_t line = begin; line < end; ++line, at.next()) {
      binary_line<op, T>(count, a + at.a, step_a, b + at.b, step_b, c + line * count);
    }
  });
}

template <typename T, int index = 0>
void with_binary(Binary op, const Space& space, const T* a, const T* b, T* c) {
  if (static_cast<int>(op) == index) return binary_space<static_cast<Binary>(index), T>(space, a, b, c);
  if constexpr (index < static_cast<int>(Binary::equal)) with_binary<T, index + 1>(op, space, a, b, c);
}

// Elements move as unsigned integers of their size.
template <typename T>
void copy_line(int64_t count, const T* from, int64_t step_from, T* to, int64_t step_to) {
  if (step_from == 1 && step_to == 1) {
    std::memcpy(to, from, count * sizeof(T));
  } else if (step_from == 0 && step_to == 1) {
    std::fill_n(to, count, *from);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i * step_to] = from[i * step_from];
  }
}

// The last two dimensions in squares that stay in the first cache, for copies that are transpositions.
template <typename T>
void copy_plane(const Space& space, const T* from, T* to) {
  constexpr int64_t kSide = 16;
  const int r = space.rank - 2, c = space.rank - 1;
  const int64_t rows = space.dims[r], columns = space.dims[c];
  for (int64_t row = 0; row < rows; row += kSide) {
    for (int64_t column = 0; column < columns; column += kSide) {
      const int64_t last_row = std::min(row + kSide, rows), last_column = std::min(column + kSide, columns);
      for (int64_t i = row; i < last_row; ++i) {
        for (int64_t j = column; j < last_column; ++j) {
          to[i * space.b[r] + j * space.b[c]] = from[i * space.a[r] + j * space.a[c]];
        }
      }
    }
  }
}

template <typename T>
void copy_space(const Space& space, const T* from, T* to) {
  if (space.rank == 0) return copy_line<T>(1, from, 1, to, 1);
  const int last = space.rank - 1;
  const int64_t count = space.dims[last], lines = space.outer(1);
  if (space.rank == 1) {
    return parallel_elements(count, kCheapGrain, [&](int64_t begin, int64_t end) {
      copy_line<T>(end - begin, from + begin * space.a[0], space.a[0], to + begin * space.b[0], space.b[0]);
    });
  }
  const bool transposed =
      (space.a[last] > 1 && space.a[last - 1] == 1) || (space.b[last] > 1 && space.b[last - 1] == 1);
  if (transposed) {
    if (space.rank > 2) {
      return parallel_ranges(space.outer(2), lines * count, kCheapGrain, [&](int64_t begin, int64_t end) {
        Walk at(space, 2, begin);
        for (int64_t plane = begin; plane < end; ++plane, at.next())
          copy_plane<T>(space, from + at.a, to + at.b);
      });
    }
    return parallel_ranges(space.dims[0], lines * count, kCheapGrain, [&](int64_t begin, int64_t end) {
      Space part = space;
      part.dims[0] = end - begin;
      copy_plane<T>(part, from + begin * space.a[0], to + begin * space.b[0]);
    });
  }
  parallel_ranges(lines, lines * count, kCheapGrain, [&](int64_t begin, int64_t end) {
    Walk at(space, 1, begin);
    for (int64_t line = begin; line < end; ++line, at.next()) {
      copy_line<T>(count, from + at.a, space.a[last], to + at.b, space.b[last]);
    }
  });
}

}  // namespace

void binary(Stream, Binary op, DType dtype, const ElementwiseKernels::Broadcast& shape, const void* a,
            const void* b, void* c) {
  Space space;
  for (int d = 0; d < shape.rank; ++d) {
    if (shape.dims[d] == 0) return;
    space.push(shape.dims[d], shape.stride_a[d], shape.stride_b[d]);
  }
  with_float_type(dtype, "binary", [&](auto type) {
    using T = decltype(type);
    with_binary<T>(op, space, static_cast<const T*>(a), static_cast<const T*>(b), static_cast<T*>(c));
  });
}

void copy_strided(Stream, const ElementwiseKernels::Strided& shape, int element_bytes, const void* from,
                  void* to) {
  Space space;
  for (int d = 0; d < shape.rank; ++d) {
    if (shape.dims[d] == 0) return;
    space.push(shape.dims[d], shape.stride_from[d], shape.stride_to[d]);
  }
  const auto move = [&](auto type) {
    using T = decltype(type);
    copy_space<T>(space, static_cast<const T*>(from), static_cast<T*>(to));
  };
  switch (element_bytes) {
    case 1:
      return move(uint8_t{});
    case 2:
      return move(uint16_t{});
    case 4:
      return move(uint32_t{});
    case 8:
      return move(uint64_t{});
    default:
      throw std::runtime_error("cpu kernel copy: elements of " + std::to_string(element_bytes) +
                               " bytes; 1, 2, 4 or 8 are");
  }
}

}  // namespace ganymede::kernels::cpu
