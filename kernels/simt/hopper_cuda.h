// The vocabulary of hopper.h for nvcc: PTX of sm_90a.
#pragma once
#include "kernels/simt/simt_cuda.h"
#include "kernels/simt/tensor_map.h"

// True where the code that is being compiled may use the words below: on the host, and on the device for sm_90a.
#if !defined(__CUDA_ARCH__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define GANYMEDE_HOPPER_CODE 1
#else
#define GANYMEDE_HOPPER_CODE 0
#endif

namespace ganymede::kernels::cuda::simt {

struct alignas(8) Mbarrier {
  uint64_t state;
};

__device__ __forceinline__ void mbarrier_init(Mbarrier& b, unsigned arrivals, Where = {}) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(&b)), "r"(arrivals) : "memory");
}
__device__ __forceinline__ void mbarrier_init_fence(Where = {}) {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
__device__ __forceinline__ void mbarrier_arrive(Mbarrier& b, Where = {}) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(&b)) : "memory");
}
__device__ __forceinline__ void mbarrier_expect(Mbarrier& b, unsigned bytes, Where = {}) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(&b)), "r"(bytes) : "memory");
}
__device__ __forceinline__ void mbarrier_wait(Mbarrier& b, unsigned parity, Where = {}) {
  const uint32_t address = shared_address(&b);
  uint32_t done = 0;
  do {   // the instruction itself waits a while before it says no
    asm volatile(
        "{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.b32 %0, 1, 0, p;\n}"
        : "=r"(done)
        : "r"(address), "r"(parity)
        : "memory");
  } while (!done);
}

template <int kRank>
__device__ __forceinline__ void tma_load_tile(void* to, const TensorMap& map, const int (&at)[kRank], Mbarrier& b, Where = {}) {
  static_assert(kRank >= 2 && kRank <= 4);
  const uint32_t destination = shared_address(to), barrier = shared_address(&b);
  const auto address = reinterpret_cast<uint64_t>(&map);
  if constexpr (kRank == 2) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"(destination),
                 "l"(address), "r"(barrier), "r"(at[0]), "r"(at[1])
                 : "memory");
  } else if constexpr (kRank == 3) {
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];" ::"r"(destination),
                 "l"(address), "r"(barrier), "r"(at[0]), "r"(at[1]), "r"(at[2])
                 : "memory");
  } else {
    asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(
                     destination),
                 "l"(address), "r"(barrier), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3])
                 : "memory");
  }
}
__device__ __forceinline__ void tma_load_im2col(void* to, const TensorMap& map, const int (&at)[4], int dw, int dh, Mbarrier& b, Where = {}) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2], {%7, %8};" ::"r"(
          shared_address(to)),
      "l"(reinterpret_cast<uint64_t>(&map)), "r"(shared_address(&b)), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]),
      "h"(static_cast<uint16_t>(dw)), "h"(static_cast<uint16_t>(dh))
      : "memory");
}
__device__ __forceinline__ void tma_prefetch(const TensorMap& map, Where = {}) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(reinterpret_cast<uint64_t>(&map)) : "memory");
}
__device__ __forceinline__ void fence_proxy_async(Where = {}) { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

__device__ __forceinline__ uint64_t matrix_descriptor(const void* shared, int leading, int stride, Swizzle swizzle, Where = {}) {
  constexpr uint64_t kModes[] = {0, 3, 2, 1};
  return (shared_address(shared) & 0x3FFFFu) >> 4 | static_cast<uint64_t>(leading >> 4) << 16 | static_cast<uint64_t>(stride >> 4) << 32 |
         kModes[static_cast<int>(swizzle)] << 62;
}
__device__ __forceinline__ uint64_t descriptor_at(uint64_t descriptor, int bytes) { return descriptor + static_cast<uint64_t>(bytes >> 4); }

__device__ __forceinline__ void wgmma_fence(Where = {}) { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void wgmma_commit(Where = {}) { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int kGroups>
__device__ __forceinline__ void wgmma_wait(Where = {}) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kGroups) : "memory");
}
template <int kCount>
__device__ __forceinline__ void wgmma_keep(float (&registers)[kCount]) {
#pragma unroll
  for (float& r : registers) asm volatile("" : "+f"(r)::"memory");
}
template <int kCount>
__device__ __forceinline__ void wgmma_keep(uint32_t (&registers)[kCount][4]) {
#pragma unroll
  for (auto& four : registers) asm volatile("" : "+r"(four[0]), "+r"(four[1]), "+r"(four[2]), "+r"(four[3])::"memory");
}

// Names and operands of registers, 32 at a time.
#define GANYMEDE_R0                                                                                                             \
  "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define GANYMEDE_R1                                                                                                                 \
  "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define GANYMEDE_R2                                                                                                                 \
  "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95"
#define GANYMEDE_R3                                                                                                                  \
  "%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111,%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122," \
  "%123,%124,%125,%126,%127"
#define GANYMEDE_D8(i) \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define GANYMEDE_D32(i) GANYMEDE_D8(i), GANYMEDE_D8(i + 8), GANYMEDE_D8(i + 16), GANYMEDE_D8(i + 24)
#define GANYMEDE_WGMMA(shape, types, transposed, registers, first, second, third, ...)                                       \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" third ", 0;\nwgmma.mma_async.sync.aligned." shape ".f32." types          \
               " {" registers "}, %" first ", %" second ", p, 1, 1" transposed ";\n}"                                        \
               : __VA_ARGS__                                                                                                 \
               : "l"(a), "l"(b), "r"(static_cast<int>(add)), "n"(static_cast<int>(kA)), "n"(static_cast<int>(kB)))

// d[64][kN] (+)= a b^T, k terms at a time. majors(i, j): the operands that say along what a and b lie, of types that can choose.
#define GANYMEDE_WGMMA_FUNCTION(name, depth, types, majors)                                                                          \
  template <int kN, Major kA = Major::k, Major kB = Major::k>                                                                  \
  __device__ __forceinline__ void name(float (&d)[kN / 2], uint64_t a, uint64_t b, bool add, Where = {}) {                     \
    static_assert(kN == 64 || kN == 128 || kN == 256);                                                                         \
    if constexpr (kN == 64) {                                                                                                  \
      GANYMEDE_WGMMA("m64n64" depth, types, majors("35", "36"), GANYMEDE_R0, "32", "33", "34", GANYMEDE_D32(0));                   \
    } else if constexpr (kN == 128) {                                                                                          \
      GANYMEDE_WGMMA("m64n128" depth, types, majors("67", "68"), GANYMEDE_R0 "," GANYMEDE_R1, "64", "65", "66", GANYMEDE_D32(0),   \
                     GANYMEDE_D32(32));                                                                                        \
    } else {                                                                                                                   \
      GANYMEDE_WGMMA("m64n256" depth, types, majors("131", "132"), GANYMEDE_R0 "," GANYMEDE_R1 "," GANYMEDE_R2 "," GANYMEDE_R3,    \
                     "128", "129", "130", GANYMEDE_D32(0), GANYMEDE_D32(32), GANYMEDE_D32(64), GANYMEDE_D32(96));              \
    }                                                                                                                          \
  }
#define GANYMEDE_EITHER(i, j) ", %" i ", %" j
#define GANYMEDE_K_ALONE(i, j)
GANYMEDE_WGMMA_FUNCTION(wgmma_bf16, "k16", "bf16.bf16", GANYMEDE_EITHER)
GANYMEDE_WGMMA_FUNCTION(wgmma_tf32, "k8", "tf32.tf32", GANYMEDE_K_ALONE)

// The same of bf16 with a in registers.
#define GANYMEDE_WGMMA_REGISTERS(shape, registers, left, right, flag, major, ...)                                                   \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" flag ", 0;\nwgmma.mma_async.sync.aligned." shape "k16.f32.bf16.bf16 {" registers \
               "}, {" left "}, %" right ", p, 1, 1, %" major ";\n}"                                                                \
               : __VA_ARGS__                                                                                                       \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(static_cast<int>(add)), "n"(static_cast<int>(kB)))
template <int kN, Major kB = Major::k>
__device__ __forceinline__ void wgmma_bf16(float (&d)[kN / 2], const uint32_t (&a)[4], uint64_t b, bool add, Where = {}) {
  static_assert(kN == 64 || kN == 128);
  if constexpr (kN == 64) {
    GANYMEDE_WGMMA_REGISTERS("m64n64", GANYMEDE_R0, "%32,%33,%34,%35", "36", "37", "38", GANYMEDE_D32(0));
  } else {
    GANYMEDE_WGMMA_REGISTERS("m64n128", GANYMEDE_R0 "," GANYMEDE_R1, "%64,%65,%66,%67", "68", "69", "70", GANYMEDE_D32(0), GANYMEDE_D32(32));
  }
}
#undef GANYMEDE_WGMMA_REGISTERS
#undef GANYMEDE_EITHER
#undef GANYMEDE_K_ALONE
#undef GANYMEDE_WGMMA_FUNCTION
#undef GANYMEDE_R0
#undef GANYMEDE_R1
#undef GANYMEDE_R2
#undef GANYMEDE_R3
#undef GANYMEDE_D8
#undef GANYMEDE_D32
#undef GANYMEDE_WGMMA

__device__ __forceinline__ void named_barrier_sync(int id, int threads, Where = {}) {
  asm volatile("barrier.cta.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
__device__ __forceinline__ void named_barrier_arrive(int id, int threads, Where = {}) {
  asm volatile("barrier.cta.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
template <int kCount>
__device__ __forceinline__ void registers_fewer(Where = {}) {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kCount));
}
template <int kCount>
__device__ __forceinline__ void registers_more(Where = {}) {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kCount));
}

}  // namespace ganymede::kernels::cuda::simt
