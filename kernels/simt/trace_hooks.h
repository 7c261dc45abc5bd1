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
#define launch_cluster unseen_launch_cluster
#define cluster_sync unseen_cluster_sync
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
#undef launch_cluster
#undef cluster_sync
#define mbarrier_init unseen_mbarrier_init
#define mbarrier_init_fence unseen_mbarrier_init_fence
#define mbarrier_arrive unseen_mbarrier_arrive
#define mbarrier_expect unseen_mbarrier_expect
#define mbarrier_wait unseen_mbarrier_wait
#define fence_proxy_async unseen_fence_proxy_async
#define tma_load_tile unseen_tma_load_tile
#define tma_load_im2col unseen_tma_load_im2col
#define wgmma_fence unseen_wgmma_fence
#define wgmma_commit unseen_wgmma_commit
#define wgmma_wait unseen_wgmma_wait
#define wgmma_bf16 unseen_wgmma_bf16
#define wgmma_tf32 unseen_wgmma_tf32
#define named_barrier_sync unseen_named_barrier_sync
#define named_barrier_arrive unseen_named_barrier_arrive
#include "kernels/simt/hopper_cpu.h"
#undef mbarrier_init
#undef mbarrier_init_fence
#undef mbarrier_arrive
#undef mbarrier_expect
#undef mbarrier_wait
#undef fence_proxy_async
#undef tma_load_tile
#undef tma_load_im2col
#undef wgmma_fence
#undef wgmma_commit
#undef wgmma_wait
#undef wgmma_bf16
#undef wgmma_tf32
#undef named_barrier_sync
#undef named_barrier_arrive

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
template <class Shared = Empty, class... P, class... A>
void launch_cluster(void (*kernel)(P...), Grid grid, unsigned cluster, dim3 block, Stream stream, A&&... args) {
  tracing::launch_begins(grid, block, std::is_empty_v<Shared> ? 0 : sizeof(Shared));
  unseen_launch_cluster<Shared>(kernel, grid, cluster, block, stream, static_cast<A&&>(args)...);
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
inline void cluster_sync(Where where = Where::current()) {
  tracing::block_barrier("cluster_sync", where);
  unseen_cluster_sync(where);
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

// The words of hopper.h, by name.
inline void mbarrier_init(Mbarrier& b, unsigned arrivals, Where where = Where::current()) {
  tracing::warp_operation("mbarrier_init");
  const tracing::Quiet quiet;
  unseen_mbarrier_init(b, arrivals, where);
}
inline void mbarrier_init_fence(Where where = Where::current()) {
  tracing::warp_operation("mbarrier_init_fence");
  const tracing::Quiet quiet;
  unseen_mbarrier_init_fence(where);
}
inline void mbarrier_arrive(Mbarrier& b, Where where = Where::current()) {
  tracing::warp_operation("mbarrier_arrive");
  const tracing::Quiet quiet;
  unseen_mbarrier_arrive(b, where);
}
inline void mbarrier_expect(Mbarrier& b, unsigned bytes, Where where = Where::current()) {
  tracing::warp_operation("mbarrier_expect");
  const tracing::Quiet quiet;
  unseen_mbarrier_expect(b, bytes, where);
}
inline void mbarrier_wait(Mbarrier& b, unsigned parity, Where where = Where::current()) {
  tracing::warp_operation("mbarrier_wait");
  const tracing::Quiet quiet;
  unseen_mbarrier_wait(b, parity, where);
}
inline void fence_proxy_async(Where where = Where::current()) {
  tracing::warp_operation("fence_proxy_async");
  const tracing::Quiet quiet;
  unseen_fence_proxy_async(where);
}
template <int kRank>
void tma_load_tile(void* to, const TensorMap& map, const int (&at)[kRank], Mbarrier& b, Where where = Where::current()) {
  tracing::warp_operation("tma_load_tile");
  const tracing::Quiet quiet;
  unseen_tma_load_tile(to, map, at, b, where);
}
inline void tma_load_im2col(void* to, const TensorMap& map, const int (&at)[4], int dw, int dh, Mbarrier& b, Where where = Where::current()) {
  tracing::warp_operation("tma_load_im2col");
  const tracing::Quiet quiet;
  unseen_tma_load_im2col(to, map, at, dw, dh, b, where);
}
inline void wgmma_fence(Where where = Where::current()) {
  tracing::warp_operation("wgmma_fence");
  const tracing::Quiet quiet;
  unseen_wgmma_fence(where);
}
inline void wgmma_commit(Where where = Where::current()) {
  tracing::warp_operation("wgmma_commit");
  const tracing::Quiet quiet;
  unseen_wgmma_commit(where);
}
template <int kGroups>
void wgmma_wait(Where where = Where::current()) {
  tracing::warp_operation("wgmma_wait");
  const tracing::Quiet quiet;
  unseen_wgmma_wait<kGroups>(where);
}
template <int kN, Major kA = Major::k, Major kB = Major::k>
void wgmma_bf16(float (&d)[kN / 2], uint64_t a, uint64_t b, bool add, Where where = Where::current()) {
  tracing::warp_operation("wgmma_bf16");
  const tracing::Quiet quiet;
  unseen_wgmma_bf16<kN, kA, kB>(d, a, b, add, where);
}
template <int kN, Major kB = Major::k>
void wgmma_bf16(float (&d)[kN / 2], const uint32_t (&a)[4], uint64_t b, bool add, Where where = Where::current()) {
  tracing::warp_operation("wgmma_bf16");
  const tracing::Quiet quiet;
  unseen_wgmma_bf16<kN, kB>(d, a, b, add, where);
}
template <int kN, Major kA = Major::k, Major kB = Major::k>
void wgmma_tf32(float (&d)[kN / 2], uint64_t a, uint64_t b, bool add, Where where = Where::current()) {
  tracing::warp_operation("wgmma_tf32");
  const tracing::Quiet quiet;
  unseen_wgmma_tf32<kN, kA, kB>(d, a, b, add, where);
}
inline void named_barrier_sync(int id, int threads, Where where = Where::current()) {
  tracing::warp_operation("named_barrier_sync");
  const tracing::Quiet quiet;
  unseen_named_barrier_sync(id, threads, where);
}
inline void named_barrier_arrive(int id, int threads, Where where = Where::current()) {
  tracing::warp_operation("named_barrier_arrive");
  const tracing::Quiet quiet;
  unseen_named_barrier_arrive(id, threads, where);
}

}  // namespace simt
}  // namespace ganymede::kernels::sim
