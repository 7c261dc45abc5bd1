// How the cpu loops share work: contiguous ranges, one a thread, and only where there is enough to do.
#pragma once
#include <algorithm>
#include <cstdint>

namespace ganymede::kernels::cpu {

// Elements from which a second thread pays: entering a parallel region costs about as much as copying this
// many.
constexpr int64_t kCheapGrain = 32768;  // copies, sums, products
constexpr int64_t kCostlyGrain = 4096;  // exp, tanh, random numbers

// What a thread does with its range, seen through a pointer: a template's loops are compiled once for each body, not
// once for one thread and once for several.
struct RangeBody {
  void (*call)(const void* body, int64_t begin, int64_t end);
  const void* body;
};

// parallel_ranges without its template (parallel.cpp).
void run_ranges(int64_t count, int64_t work, int64_t grain, RangeBody body);

// Calls body(begin, end) over [0, count), on one thread when work (in elements) is below grain or when called
// from inside a parallel region. It is always either one thread or all of them: libgomp rebuilds its team
// when the number changes.
template <typename Body>
void parallel_ranges(int64_t count, int64_t work, int64_t grain, const Body& body) {
  run_ranges(count, work, grain, {[](const void* b, int64_t begin, int64_t end) { (*static_cast<const Body*>(b))(begin, end); }, &body});
}

// The same over single elements whose ranges begin at multiples of 64, so that threads do not share cache
// lines.
template <typename Body>
void parallel_elements(int64_t count, int64_t grain, const Body& body) {
  parallel_ranges((count + 63) / 64, count, grain,
                  [&](int64_t begin, int64_t end) { body(begin * 64, std::min(end * 64, count)); });
}

}  // namespace ganymede::kernels::cpu
