// Rows by index. The adjoint sorts the picks by row first (counting sort), so that each row adds its own in
// ascending order.
#include <cstring>

#include "kernels/cpu/columns.h"
#include "kernels/cpu/families.h"

namespace ganymede::kernels::cpu {
namespace {

size_t element_bytes(DType type, const char* kernel) {
  size_t bytes = 0;
  with_float_type(type, kernel, [&](auto zero) { bytes = sizeof zero; });
  return bytes;
}

void gather(Stream, const Gather& p, const void* x, const int64_t* index, void* y) {
  const size_t bytes = p.width * element_bytes(p.dtype, "gather");
  parallel_ranges(p.count, p.count * p.width, kCheapGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      char* to = static_cast<char*>(y) + i * bytes;
      if (index[i] >= 0 && index[i] < p.rows) {
        std::memcpy(to, static_cast<const char*>(x) + index[i] * bytes, bytes);
      } else {
        std::memset(to, 0, bytes);
      }
    }
  });
}

// workspace: where each row's picks begin (rows + 1), and the picks in order of their rows (count).
template <typename T, typename C = Compute<T>>
void scatter_add_of(const Gather& p, const T* dy, const int64_t* index, T* dx, int64_t* workspace) {
  int64_t *start = workspace, *picks = workspace + p.rows + 2;
  std::fill_n(start, p.rows + 2, int64_t{0});
  const auto is_row = [&p](int64_t r) { return r >= 0 && r < p.rows; };
  for (int64_t i = 0; i < p.count; ++i) {
    if (is_row(index[i])) ++start[index[i] + 2];
  }
  for (int64_t r = 0; r < p.rows; ++r) start[r + 2] += start[r + 1];
  for (int64_t i = 0; i < p.count; ++i) {
    if (is_row(index[i]))
      picks[start[index[i] + 1]++] = i;  // moves start[r + 1] from the begin of r to its end
  }
  parallel_ranges(p.rows, (p.rows + p.count) * p.width, kCheapGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      for (int64_t first = 0; first < p.width; first += kTile) {
        const int64_t size = std::min(kTile, p.width - first);
        C sums[kTile];
        std::fill_n(sums, size, C(0));
        for (int64_t k = start[r]; k < start[r + 1]; ++k) {
          const T* from = dy + picks[k] * p.width + first;
#pragma omp simd
          for (int64_t i = 0; i < size; ++i) sums[i] += load(from[i]);
        }
        T* to = dx + r * p.width + first;
#pragma omp simd
        for (int64_t i = 0; i < size; ++i) to[i] = store<T>(sums[i]);
      }
    }
  });
}

void scatter_add(Stream, const Gather& p, const void* dy, const int64_t* index, void* dx, void* workspace) {
  with_float_type(p.dtype, "scatter_add", [&](auto type) {
    using T = decltype(type);
    scatter_add_of<T>(p, static_cast<const T*>(dy), index, static_cast<T*>(dx),
                      static_cast<int64_t*>(workspace));
  });
}

size_t workspace_bytes(const Gather& p) { return (p.rows + 2 + p.count) * sizeof(int64_t); }

void one_hot(Stream, const Gather& p, const int64_t* index, double on, double off, void* y) {
  with_float_type(p.dtype, "one_hot", [&](auto type) {
    using T = decltype(type);
    const T high = store<T>(static_cast<Compute<T>>(on)), low = store<T>(static_cast<Compute<T>>(off));
    T* to = static_cast<T*>(y);
    parallel_ranges(p.count, p.count * p.width, kCheapGrain, [&](int64_t begin, int64_t end) {
      std::fill(to + begin * p.width, to + end * p.width, low);
      for (int64_t i = begin; i < end; ++i) {
        if (index[i] >= 0 && index[i] < p.width) to[i * p.width + index[i]] = high;
      }
    });
  });
}

}  // namespace

const GatherKernels gather_kernels = {gather, scatter_add, workspace_bytes, one_hot};

}  // namespace ganymede::kernels::cpu
