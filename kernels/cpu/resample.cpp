// Linear maps along the axes of an image, one output row at a time: the input rows are combined first, along whole rows, then the
// pixels of that one row.
#include <vector>

#include "kernels/cpu/families.h"
#include "kernels/cpu/number.h"
#include "kernels/cpu/parallel.h"

namespace ganymede::kernels::cpu {
namespace {

// The entries of one row of an axis.
template <typename C>
struct AxisRow {
  int32_t count;
  const int32_t* index;
  const C* weight;     // null: ones

  AxisRow(const Axis& axis, int o, const int32_t& identity) : count(1), index(&identity), weight(nullptr) {
    if (!axis.start) return;
    count = axis.start[o + 1] - axis.start[o];
    index = axis.index + axis.start[o];
    if (axis.weight) weight = static_cast<const C*>(axis.weight) + axis.start[o];
  }
  C at(int32_t k) const { return weight ? weight[k] : C(1); }
};

// row[i] = sum over the rows' entries of weight * x[entry * width + i].
template <typename T, typename C = Compute<T>>
void combine_rows(const AxisRow<C>& entries, int64_t width, const T* x, C* row) {
  if (entries.count == 0) return static_cast<void>(std::fill_n(row, width, C(0)));
  for (int32_t k = 0; k < entries.count; ++k) {
    const T* from = x + entries.index[k] * width;
    const C weight = entries.at(k);
    if (k == 0) {
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) row[i] = weight * load(from[i]);
    } else {
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) row[i] += weight * load(from[i]);
    }
  }
}

// One output row from one combined input row. channels is a constant for grey and RGB pictures, else 0.
template <int channels, typename T, typename C = Compute<T>>
void combine_pixels(const Axis& axis, int64_t c, const C* row, T* y) {
  constexpr int64_t kBlock = channels > 0 ? channels : 64;
  for (int32_t q = 0; q < axis.out; ++q) {
    const AxisRow<C> entries(axis, q, q);
    for (int64_t first = 0; first < c; first += kBlock) {
      const int64_t size = channels > 0 ? channels : std::min(kBlock, c - first);
      C sums[kBlock] = {};
      for (int32_t k = 0; k < entries.count; ++k) {
        const C* from = row + entries.index[k] * c + first;
        const C weight = entries.at(k);
#pragma omp simd
        for (int64_t i = 0; i < size; ++i) sums[i] += weight * from[i];
      }
      T* to = y + q * c + first;
#pragma omp simd
      for (int64_t i = 0; i < size; ++i) to[i] = store<T>(sums[i]);
    }
  }
}

template <typename T, typename C = Compute<T>>
void apply_of(const Resample& p, const T* x, T* y) {
  const int64_t in_width = p.columns.in * p.c, out_width = p.columns.out * p.c;
  const int64_t work = p.n * std::max(p.rows.in, p.rows.out) * std::max(in_width, out_width);
  parallel_ranges(p.n * p.rows.out, work, kCheapGrain, [&](int64_t begin, int64_t end) {
    static thread_local std::vector<C> scratch;
    scratch.resize(in_width);
    for (int64_t index = begin; index < end; ++index) {
      const int32_t out_row = static_cast<int32_t>(index % p.rows.out);
      const T* picture = x + index / p.rows.out * p.rows.in * in_width;
      T* to = y + index * out_width;
      const AxisRow<C> entries(p.rows, out_row, out_row);
      const C* row = scratch.data();
      if constexpr (std::is_same_v<T, C>) {
        if (entries.count == 1 && entries.at(0) == C(1)) row = picture + entries.index[0] * in_width;
      }
      if (row == scratch.data()) combine_rows<T>(entries, in_width, picture, scratch.data());
      if (!p.columns.start) {
#pragma omp simd
        for (int64_t i = 0; i < out_width; ++i) to[i] = store<T>(row[i]);
      } else if (p.c == 1) {
        combine_pixels<1, T>(p.columns, 1, row, to);
      } else if (p.c == 3) {
        combine_pixels<3, T>(p.columns, 3, row, to);
      } else {
        combine_pixels<0, T>(p.columns, p.c, row, to);
      }
    }
  });
}

void apply(Stream, const Resample& p, const void* x, void* y) {
  with_float_type(p.dtype, "resample", [&](auto type) {
    using T = decltype(type);
    apply_of<T>(p, static_cast<const T*>(x), static_cast<T*>(y));
  });
}

}  // namespace

const ResampleKernels resample_kernels = {apply};

}  // namespace ganymede::kernels::cpu
