// Reductions in two stages: partial results of chunks of fixed size, then the chunks in order, sums in
// double.
#include <cmath>

#include "kernels/cpu/columns.h"
#include "kernels/cpu/families.h"

namespace ganymede::kernels::cpu {
namespace {

// [outer, reduce, 1] is cut along the line, anything else as columns.h says; both keep partials [outer,
// chunks, inner].
int64_t chunks_of(const Reduce& r) {
  return r.inner == 1 ? std::max<int64_t>(1, ceil_div(r.reduce, kLineChunk))
                      : ColumnPlan(r.outer, r.reduce, r.inner).chunks;
}

template <typename T, bool squares>
Compute<T> term(const T* x, int64_t i) {
  const Compute<T> v = load(x[i]);
  return squares ? v * v : v;
}

// Partial results into partial, or straight into y when there is one chunk.
template <typename T, typename Join, bool squares, typename Store>
void reduce_chunks(const Reduce& r, const T* x, Store put) {
  using C = Compute<T>;
  if (r.inner == 1) {
    const int64_t chunks = chunks_of(r);
    parallel_ranges(r.outer * chunks, r.outer * r.reduce, kCheapGrain, [&](int64_t begin, int64_t end) {
      for (int64_t index = begin; index < end; ++index) {
        const int64_t first = index % chunks * kLineChunk;
        const T* line = x + index / chunks * r.reduce + first;
        put(index, sum_line<Join, C>(std::min(kLineChunk, r.reduce - first),
                                     [&](int64_t i) { return term<T, squares>(line, i); }));
      }
    });
    return;
  }
  const ColumnPlan plan(r.outer, r.reduce, r.inner);
  for_each_column_task(plan, kCheapGrain, [&](const ColumnTask& task) {
    C sums[1][kTile];
    sum_columns<Join>(plan, task, sums, [x](int64_t i, int64_t) { return term<T, squares>(x, i); });
    for (int64_t c = 0; c < task.width; ++c) put(task.partial + c, sums[0][c]);
  });
}

template <typename T, typename Join, bool squares>
void reduce_with(const Reduce& r, const T* x, void* y, void* workspace) {
  using C = Compute<T>;
  const bool mean = r.op == Reduction::mean;
  const auto put_result = [&](int64_t i, double value) {
    if (mean) value /= static_cast<double>(r.reduce);
    if (r.op == Reduction::norm) value = std::sqrt(value + r.eps);
    if (r.out == DType::bf16) {
      static_cast<Bf16*>(y)[i] = to_bf16(static_cast<float>(value));
    } else {
      static_cast<C*>(y)[i] = static_cast<C>(value);
    }
  };
  const int64_t chunks = chunks_of(r);
  if (chunks == 1) return reduce_chunks<T, Join, squares>(r, x, put_result);
  C* partial = static_cast<C*>(workspace);
  reduce_chunks<T, Join, squares>(r, x, [partial](int64_t i, C value) { partial[i] = value; });
  if (r.inner > 1) {
    const ColumnPlan plan(r.outer, r.reduce, r.inner);
    return combine_chunks<Join>(
        plan, [partial](double, int64_t i, int64_t) { return partial[i]; }, put_result);
  }
  for (int64_t o = 0; o < r.outer; ++o) {
    double total = Join::template start<double>();
    for (int64_t c = 0; c < chunks; ++c) total = Join::join(total, double{partial[o * chunks + c]});
    put_result(o, total);
  }
}

// The first of the largest; a NaN counts as larger than any number.
template <typename T>
void argmax(const Reduce& r, const T* x, int64_t* y) {
  parallel_ranges(r.outer * r.inner, r.outer * r.reduce * r.inner, kCheapGrain,
                  [&](int64_t begin, int64_t end) {
                    for (int64_t index = begin; index < end; ++index) {
                      const T* line = x + index / r.inner * r.reduce * r.inner + index % r.inner;
                      auto best = load(line[0]);
                      int64_t at = 0;
                      for (int64_t i = 1; i < r.reduce; ++i) {
                        const auto v = load(line[i * r.inner]);
                        if (v > best || (v != v && best == best)) {
                          best = v;
                          at = i;
                        }
                      }
                      y[index] = at;
                    }
                  });
}

void reduce(Stream, const Reduce& r, const void* x, void* y, void* workspace) {
  if (r.outer == 0 || r.inner == 0) return;
  with_float_type(r.dtype, "reduce", [&](auto type) {
    using T = decltype(type);
    const T* from = static_cast<const T*>(x);
    switch (r.op) {
      case Reduction::sum:
      case Reduction::mean:
        return reduce_with<T, Add, false>(r, from, y, workspace);
      case Reduction::sum_of_squares:
      case Reduction::norm:
        return reduce_with<T, Add, true>(r, from, y, workspace);
      case Reduction::max:
        return reduce_with<T, Largest, false>(r, from, y, workspace);
      case Reduction::min:
        return reduce_with<T, Smallest, false>(r, from, y, workspace);
      case Reduction::argmax:
        if (r.reduce == 0) throw std::runtime_error("cpu kernel reduce: argmax over an empty axis");
        return argmax<T>(r, from, static_cast<int64_t*>(y));
    }
  });
}

size_t workspace_bytes(const Reduce& r) {
  if (r.op == Reduction::argmax || r.outer == 0 || r.inner == 0) return 0;
  const int64_t chunks = chunks_of(r);
  return chunks == 1 ? 0
                     : r.outer * chunks * r.inner * (r.dtype == DType::f64 ? sizeof(double) : sizeof(float));
}

}  // namespace

const ReduceKernels reduce_kernels = {reduce, workspace_bytes};

}  // namespace ganymede::kernels::cpu
