// Included ahead of every file of the traced library (g++ -include). Two kinds of hooks:
//   - g++ -fsanitize=thread calls a function before every load and store; trace.cpp defines these functions and
//     keeps what goes to shared or global memory. Nothing of ThreadSanitizer itself is linked.
//   - the words of simt.h whose insides are not the kernel's (asynchronous copies, ldmatrix, barriers, warp
//     operations, launches) get other names while simt_cpu.h is read, and are wrapped here.
#pragma once
#include <algorithm>
#include <bit>
#include <cstring>
#include <source_location>
#include <vector>

#define cp_async unseen_cp_async
#define cp_async_commit unseen_cp_async_commit
#define cp_async_wait unseen_cp_async_wait
#define ldmatrix_x4 unseen_ldmatrix_x4
#define ldmatrix_x4_trans unseen_ldmatrix_x4_trans
#define ldmatrix_x2 unseen_ldmatrix_x2
#define ldmatrix_x2_trans unseen_ldmatrix_x2_trans
#define sync_threads unseen_sync_threads
#define grid_sync unseen_grid_sync
#define sync_warp unseen_sync_warp
#define mma_bf16 unseen_mma_bf16
#define mma_tf32 unseen_mma_tf32
#define shuffle_xor unseen_shuffle_xor
#define shuffle_up unseen_shuffle_up
#define shuffle_down unseen_shuffle_down
#define shuffle_idx unseen_shuffle_idx
#define launch unseen_launch
#define launch_cooperative unseen_launch_cooperative
#include "kernels/simt/simt_cpu.h"
#undef cp_async
#undef cp_async_commit
#undef cp_async_wait
#undef ldmatrix_x4
#undef ldmatrix_x4_trans
#undef ldmatrix_x2
#undef ldmatrix_x2_trans
#undef sync_threads
#undef grid_sync
#undef sync_warp
#undef mma_bf16
#undef mma_tf32
#undef shuffle_xor
#undef shuffle_up
#undef shuffle_down
#undef shuffle_idx
#undef launch
#undef launch_cooperative

namespace ganymede::kernels::sim {

namespace tracing {

// Where the accesses of the watched block go. Called for every thread of every block; those not watched leave at once.
void copied(const void* to, const void* from, int bytes, int valid_bytes);
void matrix_row(const void* row);
void warp_operation(const char* what);
void block_barrier(const char* what, simt::Where where);
void launch_begins(const Grid& grid, dim3 block, size_t shared_bytes);
void launch_ends();

// While one lives, loads and stores of the thread that made it are the simulator's own and not kept.
class Quiet {
 public:
  Quiet();
  ~Quiet();
  Quiet(const Quiet&) = delete;
};

}  // namespace tracing

template <class Shared = Empty, class... P, class... A>
void launch(void (*kernel)(P...), Grid grid, dim3 block, Stream stream, A&&... args) {
  tracing::launch_begins(grid, block, std::is_empty_v<Shared> ? 0 : sizeof(Shared));
  unseen_launch<Shared>(kernel, grid, block, stream, static_cast<A&&>(args)...);
  tracing::launch_ends();
}
template <class Shared = Empty, class... P, class... A>
void launch_cooperative(void (*kernel)(P...), Grid grid, dim3 block, Stream stream, A&&... args) {
  tracing::launch_begins(grid, block, std::is_empty_v<Shared> ? 0 : sizeof(Shared));
  unseen_launch_cooperative<Shared>(kernel, grid, block, stream, static_cast<A&&>(args)...);
  tracing::launch_ends();
}

namespace simt {

inline void sync_threads(Where where = Where::current()) {
  tracing::block_barrier("sync_threads", where);
  unseen_sync_threads(where);
}
inline void grid_sync(Where where = Where::current()) {
  tracing::block_barrier("grid_sync", where);
  unseen_grid_sync(where);
}
inline void sync_warp(Where where = Where::current()) {
  tracing::warp_operation("sync_warp");
  unseen_sync_warp(where);
}

template <class T>
T shuffle_xor(T value, int mask, Where where = Where::current()) {
  tracing::warp_operation("shuffle_xor");
  const tracing::Quiet quiet;
  return unseen_shuffle_xor(value, mask, where);
}
template <class T>
T shuffle_up(T value, int distance, Where where = Where::current()) {
  tracing::warp_operation("shuffle_up");
  const tracing::Quiet quiet;
  return unseen_shuffle_up(value, distance, where);
}
template <class T>
T shuffle_down(T value, int distance, Where where = Where::current()) {
  tracing::warp_operation("shuffle_down");
  const tracing::Quiet quiet;
  return unseen_shuffle_down(value, distance, where);
}
template <class T>
T shuffle_idx(T value, int source, Where where = Where::current()) {
  tracing::warp_operation("shuffle_idx");
  const tracing::Quiet quiet;
  return unseen_shuffle_idx(value, source, where);
}

// Lane l of the first 8 (x2: 16, x4: 32) reads the row that it names.
inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, Where where = Where::current()) {
  tracing::matrix_row(row);
  const tracing::Quiet quiet;
  unseen_ldmatrix_x4(r, row, where);
}
inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, Where where = Where::current()) {
  tracing::matrix_row(row);
  const tracing::Quiet quiet;
  unseen_ldmatrix_x4_trans(r, row, where);
}
inline void ldmatrix_x2(uint32_t (&r)[2], const void* row, Where where = Where::current()) {
  if (lane() < 16) tracing::matrix_row(row);
  const tracing::Quiet quiet;
  unseen_ldmatrix_x2(r, row, where);
}
inline void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row, Where where = Where::current()) {
  if (lane() < 16) tracing::matrix_row(row);
  const tracing::Quiet quiet;
  unseen_ldmatrix_x2_trans(r, row, where);
}

inline void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Where where = Where::current()) {
  tracing::warp_operation("mma_bf16");
  const tracing::Quiet quiet;
  unseen_mma_bf16(d, a, b, where);
}
inline void mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Where where = Where::current()) {
  tracing::warp_operation("mma_tf32");
  const tracing::Quiet quiet;
  unseen_mma_tf32(d, a, b, where);
}

template <int Bytes>
void cp_async(void* to_shared, const void* from_global, int valid_bytes, Where where = Where::current()) {
  tracing::copied(to_shared, from_global, Bytes, valid_bytes);
  const tracing::Quiet quiet;
  unseen_cp_async<Bytes>(to_shared, from_global, valid_bytes, where);
}
template <int Bytes>
void cp_async(void* to_shared, const void* from_global, bool valid = true, Where where = Where::current()) {
  cp_async<Bytes>(to_shared, from_global, valid ? Bytes : 0, where);
}
inline void cp_async_commit() {
  tracing::warp_operation("cp_async_commit");
  const tracing::Quiet quiet;
  unseen_cp_async_commit();
}
template <int Groups>
void cp_async_wait() {
  tracing::warp_operation("cp_async_wait");
  const tracing::Quiet quiet;
  unseen_cp_async_wait<Groups>();
}

}  // namespace simt
}  // namespace ganymede::kernels::sim
