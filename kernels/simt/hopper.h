// What sm_90a adds to the vocabulary of simt.h, for kernels that keep tensor cores busy without stopping: barriers
// in shared memory that count bytes, copies of whole boxes of a tensor (TMA), and products of four warps whose
// operands lie in shared memory (wgmma). A kernel file reads
//
//   #include "kernels/simt/hopper.h"
//   __global__ void f(const __grid_constant__ TensorMap map) {
//   #if GANYMEDE_HOPPER_CODE
//     ...
//   #endif                      // what else is compiled, sm_80, has an empty kernel that nobody launches
//   }
//
// In the target's namespace: TensorMap and how the host makes one (tensor_map.h); in its namespace simt:
//   Mbarrier                         8 bytes of shared memory. Its phases complete one after another, each when all
//                                    arrivals have come and no announced byte is missing
//   mbarrier_init(b, arrivals)       by one thread; then mbarrier_init_fence() by it, then a block barrier
//   mbarrier_arrive(b)               one of the arrivals
//   mbarrier_expect(b, bytes)        one of the arrivals; the phase waits for so many bytes of TMA as well
//   mbarrier_wait(b, parity)         until the phase of this parity is complete: 0 for the first, 1 for the second, 0 ...
//                                    The phase before the first counts as complete
//   tma_load_tile(to, map, {c0, ..}, b)             a thread; box of the map whose first element is at c0 .. (innermost
//                                    first; c0 at a multiple of 16 bytes of its row, which no manual says but every card demands), zeros
//                                    outside the tensor, into 128-byte aligned shared memory; its bytes count on b
//   tma_load_im2col(to, map, {c, w, h, n}, dw, dh, b)   a thread; `pixels` positions of a convolution's window from (w, h, n)
//                                    on, row by row, each `channels` long, moved by (dw, dh): a tap
//   tma_prefetch(map)                a thread; brings the map itself near
//   fence_proxy_async()              the writer's: what it wrote to shared memory by ordinary stores is seen by wgmma and TMA
//   matrix_descriptor(shared, leading, stride, swizzle)  of an operand for wgmma: rows of k, groups of 8 rows `stride` bytes
//                                    apart; without swizzle also 16-byte columns `leading` bytes apart. Of one that lies along m or n
//                                    (Major::mn, swizzle of 128 bytes): a line has 64 of m or n of one k, groups of 8 k are
//                                    `stride` bytes apart, the next 64 of m or n `leading` bytes
//   descriptor_at(descriptor, bytes)   the same, so many bytes further
//   wgmma_fence()                    warpgroup; before the first product that touches registers that were used otherwise
//   wgmma_bf16<N, major_a, major_b>(d, a, b, add), wgmma_tf32<N>(...)      warpgroup (four warps, the first a multiple of four); d[64 x N] of f32,
//                                    a[64 x K], b[N x K] of bf16 (K 16) or f32 read as tf32 (K 8, low 13 bits ignored); add: to d,
//                                    else d begins at zero. d is not to be touched until it has been waited for
//   wgmma_bf16<N, major_b>(d, a, b, add)   the same with a[64 x 16] in registers: pairs of neighbouring terms, uint32_t a[4] of each lane,
//                                    which are not to be touched either. Pair i of a lane: row 16 * (warp % 4) + lane / 4 + i % 2 * 8,
//                                    terms i / 2 * 8 + lane % 4 * 2 and the next: sums of such a product, two and two, as they lie
//   wgmma_keep(registers)            on cuda keeps the compiler from moving what is done with these registers to the other side; said of
//                                    accumulators and of a's before wgmma_fence() and after wgmma_wait where other work is near
//   wgmma_commit(), wgmma_wait<n>()  warpgroup; closes a group, waits until at most n groups of this warp are in flight
//   named_barrier_sync(id, threads), named_barrier_arrive(id, threads)   id 1 to 15; whole warps
//   registers_fewer<n>(), registers_more<n>()            warpgroup; from now on its threads have n registers, 24 to 256 by 8
// The element (row, column) of d in register i of a lane: row = 16 * (warp % 4) + lane / 4 + i / 2 % 2 * 8,
// column = i / 4 * 8 + lane % 4 * 2 + i % 2, as in fragment.h.
//
// The simulator (hopper_model.h) lets copies land as late as it can, or at a moment drawn from the seed; destinations are
// poison until then, and so are accumulators until the wait. It reports, at the kernel's line: memory that TMA still fills
// read by wgmma, memory that a wgmma still reads overwritten, ordinary writes that no fence_proxy_async made visible, waiting
// twice for one phase (a parity that did not alternate), too many arrivals, barriers that nobody made or that were overwritten,
// missing wgmma_fence, accumulators or registers of a written in flight, warps of a warpgroup whose products differ, and in deadlocks how many
// arrivals and bytes each barrier misses.
#pragma once
#include "kernels/simt/simt.h"
#include "kernels/simt/tensor_map.h"

#ifdef __CUDACC__
#include "kernels/simt/hopper_cuda.h"
#else
#include "kernels/simt/hopper_cpu.h"
#endif
