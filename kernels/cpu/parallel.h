// How the cpu loops share work: contiguous ranges, one a thread, and only where there is enough to do.
#pragma once
#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace ganymede::kernels::cpu {

// Elements from which a second thread pays: entering a parallel region costs about as much as copying this
// many.
constexpr int64_t kCheapGrain = 32768;  // copies, sums, products
constexpr int64_t kCostlyGrain = 4096;  // exp, tanh, random numbers

// Calls body(begin, end) over [0, count), on one thread when work (in elements) is below grain or when called
// from inside a parallel region. It is always either one thread or all of them: libgomp rebuilds its team
// when the number changes.
template <typename Body>
void parallel_ranges(int64_t count, int64_t work, int64_t grain, Body body) {
  if (count <= 0) return;
  const int64_t threads = omp_get_max_threads();
  if (threads == 1 || count == 1 || work < grain || omp_in_parallel()) return body(int64_t{0}, count);
#pragma omp parallel
  {
    const int64_t share = omp_get_num_threads(), rank = omp_get_thread_num();
    const int64_t begin = count * rank / share, end = count * (rank + 1) / share;
    if (begin < end) body(begin, end);
  }
}

// The same over single elements whose ranges begin at multiples of 64, so that threads do not share cache
// lines.
template <typename Body>
void parallel_elements(int64_t count, int64_t grain, Body body) {
  parallel_ranges((count + 63) / 64, count, grain,
                  [&](int64_t begin, int64_t end) { body(begin * 64, std::min(end * 64, count)); });
}

}  // namespace ganymede::kernels::cpu
