// The vocabulary of simt.h for g++: every CUDA thread runs on a fiber of the simulator (simt_cpu.cpp), which
// is compiled without sanitizers. What touches the kernel's own memory is inline here, so that a sanitizer
// sees it at the kernel's line.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <type_traits>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#include "kernels/api/types.h"
#include "kernels/simt/target.h"

namespace ganymede::kernels::sim {

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
extern constinit thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;

struct Empty {};

// A grid and the source line that launches it, so that errors can name it. Converts from dim3 and integers.
struct Grid : dim3 {
  std::source_location where;
  Grid(dim3 size, std::source_location where = std::source_location::current()) : dim3(size), where(where) {}
  template <class Integer, class = std::enable_if_t<std::is_integral_v<Integer>>>
  Grid(Integer x, std::source_location where = std::source_location::current())
      : dim3(static_cast<unsigned>(x)), where(where) {}
};

namespace simt {

// The caller's place in the source. Helpers that synchronise take one as their last parameter and pass it on,
// so that messages name the kernel's line.
using Where = std::source_location;

}  // namespace simt

// What simt_cpu.cpp offers to this header.
namespace fibers {

using simt::Where;

struct Launch {
  Grid grid;
  dim3 block;
  size_t shared_bytes;
  bool cooperative;
  unsigned cluster;   // blocks of a cluster; 0: no clusters
  void (*thread)(const void* context);   // runs the kernel for the current thread
  const void* context;
  size_t context_bytes;
};
void run(const Launch& launch);   // or notes it, while a graph is captured (graph.h)

extern constinit thread_local unsigned char* arena;   // shared memory of the current block
extern constinit thread_local size_t arena_bytes;
extern constinit thread_local int rank;   // of the current thread in its block

void sync_block(Where where);
void sync_warp(Where where);
void sync_grid(Where where);
void fence();
int cluster_rank();
int cluster_size();
void sync_cluster(Where where);
unsigned char* cluster_arena(int rank, Where where);   // shared memory of a block of this cluster

// Warp exchanges; all 32 lanes must be alive and call at the same place. exchange: gives value to the others
// and reads the values of the lanes in sources. ballot: bit l is lane l's predicate.
void exchange(const void* value, unsigned bytes, const int* sources, int count, void* results,
              const char* what, Where where);
unsigned ballot(bool predicate, const char* what, Where where);

// Operands and accumulators of one lane; the lane that arrives last computes the product for the warp.
struct Fragments {
  uint32_t a[4], b[2];
  float d[4];
};
void mma_bf16(Fragments& lane, Where where);
void mma_tf32(Fragments& lane, Where where);

// Copies that a thread has issued and that have not landed. The source is read at once, the destination is
// poisoned until the wait.
struct Copy {
  void* to;
  uint32_t bytes, group;
  alignas(16) unsigned char data[16];
};
struct CopyQueue {
  std::vector<Copy> pending;
  uint32_t group = 0;   // that the next copy joins
};
extern constinit thread_local CopyQueue* copies;

// Makes AddressSanitizer report whoever touches the destination of a copy in flight; reveal ends that.
inline void hide([[maybe_unused]] void* begin, [[maybe_unused]] size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
  __asan_poison_memory_region(begin, bytes);
#endif
}
inline void reveal([[maybe_unused]] void* begin, [[maybe_unused]] size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(begin, bytes);
#endif
}

// Throws std::runtime_error: message, place, thread, block and launch.
[[noreturn]] void fail(const char* message, Where where);

}  // namespace fibers

template <class T>
T& shared(simt::Where where = simt::Where::current()) {
  static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 1024);
  if (sizeof(T) > fibers::arena_bytes) fibers::fail("shared<T>() is larger than the launch's Shared", where);
  return *reinterpret_cast<T*>(fibers::arena);
}

template <class T>
T& cluster_shared(int rank, simt::Where where = simt::Where::current()) {
  static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 1024);
  if (sizeof(T) > fibers::arena_bytes) fibers::fail("cluster_shared<T>() is larger than the launch's Shared", where);
  return *reinterpret_cast<T*>(fibers::cluster_arena(rank, where));
}

namespace launching {

template <class Shared, class... P>
void run(bool cooperative, unsigned cluster, void (*kernel)(P...), const Grid& grid, dim3 block, P... args) {
  static_assert((std::is_trivially_copyable_v<P> && ...), "kernel arguments are copied as bytes");
  const auto body = [kernel, args...] { kernel(args...); };
  using Body = decltype(body);
  static_assert(std::is_trivially_copyable_v<Body>);
  fibers::run({grid, block, std::is_empty_v<Shared> ? 0 : sizeof(Shared), cooperative, cluster,
               [](const void* context) { (*static_cast<Body*>(context))(); }, &body, sizeof body});
}

}  // namespace launching

template <class Shared = Empty, class... P, class... A>
void launch(void (*kernel)(P...), Grid grid, dim3 block, Stream, A&&... args) {
  launching::run<Shared, P...>(false, 0, kernel, grid, block, static_cast<P>(args)...);
}

template <class Shared = Empty, class... P, class... A>
void launch_cooperative(void (*kernel)(P...), Grid grid, dim3 block, Stream, A&&... args) {
  launching::run<Shared, P...>(true, 0, kernel, grid, block, static_cast<P>(args)...);
}

template <class Shared = Empty, class... P, class... A>
void launch_cluster(void (*kernel)(P...), Grid grid, unsigned cluster, dim3 block, Stream, A&&... args) {
  launching::run<Shared, P...>(false, cluster ? cluster : ~0u, kernel, grid, block, static_cast<P>(args)...);
}

namespace simt {

inline constexpr int kMultiprocessors = 4;
inline int multiprocessors() { return kMultiprocessors; }
int compute_capability();
template <class Shared = Empty, class... P>
int cooperative_blocks(void (*)(P...), int) {
  return kMultiprocessors;
}

inline int thread_rank() { return fibers::rank; }
inline int lane() { return fibers::rank % 32; }
inline int warp() { return fibers::rank / 32; }

inline void sync_threads(Where where = Where::current()) { fibers::sync_block(where); }
inline void sync_warp(Where where = Where::current()) { fibers::sync_warp(where); }
inline void grid_sync(Where where = Where::current()) { fibers::sync_grid(where); }
inline void fence() { fibers::fence(); }
inline int cluster_rank() { return fibers::cluster_rank(); }
inline int cluster_size() { return fibers::cluster_size(); }
inline void cluster_sync(Where where = Where::current()) { fibers::sync_cluster(where); }

template <class T>
T shuffle_from(const T& value, int source, const char* what, Where where) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 16);
  T result;
  fibers::exchange(&value, sizeof(T), &source, 1, &result, what, where);
  return result;
}
template <class T>
T shuffle_xor(T value, int mask, Where where = Where::current()) {
  const int source = lane() ^ mask;
  return shuffle_from(value, source < 32 ? source : lane(), "shuffle_xor", where);
}
// Lanes whose source lies outside the warp keep their own value.
template <class T>
T shuffle_up(T value, int distance, Where where = Where::current()) {
  const int source = lane() - distance;
  return shuffle_from(value, source >= 0 ? source : lane(), "shuffle_up", where);
}
template <class T>
T shuffle_down(T value, int distance, Where where = Where::current()) {
  const int source = lane() + distance;
  return shuffle_from(value, source < 32 ? source : lane(), "shuffle_down", where);
}
template <class T>
T shuffle_idx(T value, int source, Where where = Where::current()) {
  return shuffle_from(value, source % 32, "shuffle_idx", where);
}

inline unsigned ballot(bool predicate, Where where = Where::current()) {
  return fibers::ballot(predicate, "ballot", where);
}
inline bool any(bool predicate, Where where = Where::current()) {
  return fibers::ballot(predicate, "any", where) != 0;
}
inline bool all(bool predicate, Where where = Where::current()) {
  return fibers::ballot(predicate, "all", where) == ~0u;
}

inline void check_shared(const void* pointer, size_t bytes, size_t alignment, const char* message,
                         Where where) {
  const auto* begin = static_cast<const unsigned char*>(pointer);
  const bool inside = begin >= fibers::arena && begin + bytes <= fibers::arena + fibers::arena_bytes;
  if (!inside || reinterpret_cast<uintptr_t>(pointer) % alignment) fibers::fail(message, where);
}

template <int Matrices, bool Transposed>
void ldmatrix(uint32_t (&r)[Matrices], const void* row, Where where) {
  if (lane() < 8 * Matrices) {
    check_shared(row, 16, 16, "ldmatrix: a row must be 16 aligned bytes of shared memory", where);
  }
  int sources[2 * Matrices];
  const uint16_t* rows[2 * Matrices];
  for (int m = 0; m < Matrices; ++m) {
    for (int half = 0; half < 2; ++half)
      sources[2 * m + half] = 8 * m + (Transposed ? lane() % 4 * 2 + half : lane() / 4);
  }
  fibers::exchange(&row, sizeof row, sources, 2 * Matrices, rows, "ldmatrix", where);
  for (int m = 0; m < Matrices; ++m) {
    const int column = Transposed ? lane() / 4 : lane() % 4 * 2;
    r[m] = rows[2 * m][column] | uint32_t{rows[2 * m + 1][column + (Transposed ? 0 : 1)]} << 16;
  }
}
// Lane l gives the address of row l % 8 of matrix l / 8 (8 bf16, 16-byte aligned); matrix m lands in r[m],
// element (l / 4, 2 * (l % 4)) in the low half of lane l's register. _trans hands out the transposed
// matrices.
inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, Where where = Where::current()) {
  ldmatrix<4, false>(r, row, where);
}
inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, Where where = Where::current()) {
  ldmatrix<4, true>(r, row, where);
}
inline void ldmatrix_x2(uint32_t (&r)[2], const void* row, Where where = Where::current()) {
  ldmatrix<2, false>(r, row, where);
}
inline void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row, Where where = Where::current()) {
  ldmatrix<2, true>(r, row, where);
}

// mma.m16n8k16 and mma.m16n8k8, row-major a, column-major b; the element maps are in
// kernels/device/fragment.h.
inline void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                     Where where = Where::current()) {
  fibers::Fragments f{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}, {d[0], d[1], d[2], d[3]}};
  fibers::mma_bf16(f, where);
  std::copy_n(f.d, 4, d);
}
inline void mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                     Where where = Where::current()) {
  fibers::Fragments f{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}, {d[0], d[1], d[2], d[3]}};
  fibers::mma_tf32(f, where);
  std::copy_n(f.d, 4, d);
}
// f32 rounded to tf32 (10-bit mantissa), nearest, ties away from zero.
inline uint32_t to_tf32(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7F800000u) == 0x7F800000u) return bits & 0x007FFFFFu ? 0x7FFFE000u : bits;
  return (bits + 0x1000u) & ~0x1FFFu;
}

template <int Bytes>
void cp_async(void* to_shared, const void* from_global, int valid_bytes, Where where = Where::current()) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
  check_shared(to_shared, Bytes, Bytes, "cp_async: the destination must be aligned shared memory", where);
  if (reinterpret_cast<uintptr_t>(from_global) % Bytes)
    fibers::fail("cp_async: the source is not aligned", where);
  if (valid_bytes < 0 || valid_bytes > Bytes) fibers::fail("cp_async: valid bytes outside 0..Bytes", where);
  fibers::Copy copy{to_shared, Bytes, fibers::copies->group, {}};
  if (valid_bytes) std::memcpy(copy.data, from_global, static_cast<size_t>(valid_bytes));
  std::memset(to_shared, 0xFF, Bytes);
  fibers::hide(to_shared, Bytes);
  fibers::copies->pending.push_back(copy);
}
template <int Bytes>
void cp_async(void* to_shared, const void* from_global, bool valid = true, Where where = Where::current()) {
  cp_async<Bytes>(to_shared, from_global, valid ? Bytes : 0, where);
}
inline void cp_async_commit() { ++fibers::copies->group; }
template <int Groups>
void cp_async_wait() {
  auto& [pending, group] = *fibers::copies;
  size_t landed = 0;
  while (landed < pending.size() && group - pending[landed].group > Groups) {
    const fibers::Copy& copy = pending[landed++];
    fibers::reveal(copy.to, copy.bytes);
    std::memcpy(copy.to, copy.data, copy.bytes);
  }
  pending.erase(pending.begin(), pending.begin() + static_cast<ptrdiff_t>(landed));
}

template <class T>
inline constexpr bool is_atomic =
    std::is_same_v<T, int> || std::is_same_v<T, unsigned> || std::is_same_v<T, unsigned long long>;

// Each returns the old value.
template <class T>
T atomic_add(T* p, std::type_identity_t<T> v) {
  static_assert(is_atomic<T>);
  return __atomic_fetch_add(p, v, __ATOMIC_RELAXED);
}
template <class T>
T atomic_exchange(T* p, std::type_identity_t<T> v) {
  static_assert(is_atomic<T>);
  return __atomic_exchange_n(p, v, __ATOMIC_RELAXED);
}
template <class T>
T atomic_cas(T* p, std::type_identity_t<T> expected, std::type_identity_t<T> desired) {
  static_assert(is_atomic<T>);
  __atomic_compare_exchange_n(p, &expected, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}
template <class T>
T atomic_min(T* p, std::type_identity_t<T> v) {
  T old = __atomic_load_n(p, __ATOMIC_RELAXED);
  for (T seen; v < old && (seen = atomic_cas(p, old, v)) != old; old = seen) {
  }
  return old;
}
template <class T>
T atomic_max(T* p, std::type_identity_t<T> v) {
  T old = __atomic_load_n(p, __ATOMIC_RELAXED);
  for (T seen; v > old && (seen = atomic_cas(p, old, v)) != old; old = seen) {
  }
  return old;
}

}  // namespace simt
}  // namespace ganymede::kernels::sim
