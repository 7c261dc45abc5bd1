// The vocabulary that kernels are written in, the same for nvcc and for the simulator. A kernel file reads
//
//   #include "kernels/simt/simt.h"
//   namespace ganymede::kernels::GANYMEDE_TARGET {
//   struct Shared { float tile[32][33]; };
//   __global__ void verb_object_kernel(...) { auto& s = shared<Shared>(); ... simt::sync_threads(); ... }
//   void verb_object(Stream stream, ...) { launch<Shared>(verb_object_kernel, grid, block, stream, ...); }
//   }
//
// As in CUDA: threadIdx, blockIdx, blockDim, gridDim, dim3, __global__, __device__, __launch_bounds__.
//
// In the target's namespace:
//   shared<T>()              the block's shared memory, laid out as T (undefined at the start; NaN on sim)
//   launch<S>(kernel, grid, block, stream, args...)     a grid with a zero dimension does nothing
//   launch_cooperative<S>(kernel, grid, block, stream, args...)   all blocks at once: grid_sync() is allowed
//   launch_cluster<S>(kernel, grid, cluster, block, stream, args...)   blocks of the grid in clusters of 1 to 8
//                            neighbours along x, of which the grid has whole ones; those of a cluster run at once.
//                            Compute capability 90 only: elsewhere it throws
//   cluster_shared<T>(rank)  the shared memory of that block of the cluster, laid out as T: behind a cluster_sync(), which
//                            shows that the block has begun, and before another, behind which it may end
// The launches throw std::runtime_error naming the kernel. On cuda faults of the kernel itself show at the next
// synchronisation, or at once with SYNC_LAUNCHES=1 in the environment; on sim they are thrown by the launch.
//
// In its namespace simt; "block", "warp" and "grid" calls must be reached by every live thread of theirs:
//   lane(), warp()           position in the warp, number of the warp in the block
//   sync_threads()           block barrier
//   sync_warp()              warp barrier
//   grid_sync()              grid barrier (launch_cooperative only)
//   cluster_sync()           cluster barrier (launch_cluster only); all threads of the cluster, none may have ended
//   cluster_rank(), cluster_size()   the block's place in its cluster and the number of blocks there (0 of 1 without)
//   fence()                  orders memory for the device: the writer calls it before the atomic that
//                            announces its data, the reader after the atomic that told it so
//   shuffle_xor, shuffle_up, shuffle_down, shuffle_idx (value, lanes)   warp; 32 live lanes, up to 16 bytes
//   ballot(p), any(p), all(p)                                           warp; 32 live lanes
//   ldmatrix_x4, ldmatrix_x4_trans, ldmatrix_x2, ldmatrix_x2_trans      warp; rows of 8 bf16 in shared memory
//   mma_bf16(d, a, b)        warp; d[16x8] += a[16x16] b[16x8], f32 accumulators
//   mma_tf32(d, a, b)        warp; d[16x8] += a[16x8] b[8x8], operands rounded by to_tf32
//   cp_async<16|8|4>(to_shared, from_global, valid)   valid: bool, or bytes to read; the rest becomes zero
//   cp_async_commit(), cp_async_wait<N>()   as in PTX: at most N of this thread's groups still in flight;
//                            other threads see the data after the next barrier
//   atomic_add, atomic_min, atomic_max, atomic_exchange, atomic_cas     relaxed; int, unsigned and
//                            unsigned long long; the old value is returned
//   multiprocessors()        of the current device (4 on sim), for persistent grids
//   compute_capability()     of the current device, as far as the build has kernels for it: 80, 90 (sm_90a) ...
//   cooperative_blocks<S>(kernel, threads)   largest grid that launch_cooperative takes
// Barriers that count bytes, TMA and wgmma of sm_90a: hopper.h.
// Functions that call these for a kernel end their parameters with simt::Where where = simt::Where::current()
// and hand it on, so that the simulator's messages name the kernel's line and two call sites are not taken
// for one barrier. There are no atomics on floating point: every sum has a fixed order.
#pragma once
#include "kernels/simt/target.h"

#ifdef __CUDACC__
#include "kernels/simt/simt_cuda.h"
#else
#include "kernels/simt/simt_cpu.h"
#endif
