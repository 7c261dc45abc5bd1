// Linear maps along the axes of an image, one output row at a time: the input rows are combined first, along
// whole rows, then the pixels of that one row.
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
  const C* weight;  // null: ones

  AxisRow(const Axis& axis, int o, const int32_t& identity) : count(1), index(&identity), weight(nullptr) {
    if (!axis.start) return;
    count = axis.start[o + 1] - axis.start[o];
    index = axis.index + axis.start[o];
    if (axis.weight) weight = static_cast<const C*>(axis.weight) + axis.start[o];
  }
  C at(int32_t k) const { return weight ? weight[k] : C(1); }
};

// to[i] = sum over the entries of weight * from[entry * stride + i] for i < size, four entries at a time.
template <typename To, typename From, typename C>
void combine(const AxisRow<C>& entries, int64_t stride, int64_t size, const From* from, To* to) {
  constexpr bool kKeeps = std::is_same_v<To, C>;  // partial sums may lie in `to`
  const auto source = [&](int32_t k) { return from + entries.index[k] * stride; };
  int32_t k = 0;
  const auto pass = [&](auto first, auto taken) {
    constexpr int kTaken = decltype(taken)::value;
    const From *a = source(k), *b = source(k + (kTaken > 1)), *c = source(k + 2 * (kTaken > 2)),
               *d = source(k + 3 * (kTaken > 3));
    const C wa = entries.at(k), wb = entries.at(k + (kTaken > 1)), wc = entries.at(k + 2 * (kTaken > 2)),
            wd = entries.at(k + 3 * (kTaken > 3));
#pragma omp simd
    for (int64_t i = 0; i < size; ++i) {
      C sum = wa * load(a[i]);
      if constexpr (kTaken > 1) sum += wb * load(b[i]);
      if constexpr (kTaken > 2) sum += wc * load(c[i]);
      if constexpr (kTaken > 3) sum += wd * load(d[i]);
      if constexpr (!decltype(first)::value) sum += load(to[i]);
      to[i] = store<To>(sum);
    }
    k += kTaken;
  };
  const auto some = [&](auto first) {
    switch (std::min(entries.count - k, 4)) {
      case 1:
        return pass(first, std::integral_constant<int, 1>());
      case 2:
        return pass(first, std::integral_constant<int, 2>());
      case 3:
        return pass(first, std::integral_constant<int, 3>());
      default:
        return pass(first, std::integral_constant<int, 4>());
    }
  };
  if (entries.count == 0) return static_cast<void>(std::fill_n(to, size, store<To>(C(0))));
  some(std::true_type());
  if constexpr (kKeeps) {
    while (k < entries.count) some(std::false_type());
  }
}

// One output row from one combined input row. channels is a constant for grey and RGB pictures, else 0.
template <int channels, typename T, typename C = Compute<T>>
void combine_pixels(const Axis& axis, int64_t c, const C* row, T* y) {
  constexpr int64_t kBlock = channels > 0 ? channels : 64;
  for (int32_t q = 0; q < axis.out; ++q) {
    const AxisRow<C> entries(axis, q, q);
    if (channels == 0 && (entries.count <= 4 || std::is_same_v<T, C>)) {
      combine(entries, c, c, row, y + q * c);
      continue;
    }
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
      if (row == scratch.data()) combine(entries, in_width, in_width, picture, scratch.data());
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
