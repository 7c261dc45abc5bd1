// The vocabulary of simt.h for nvcc. PTX stands here, in hopper_cuda.h and in exp2.h, nowhere else.
#pragma once
#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "kernels/api/types.h"
#include "kernels/simt/target.h"

namespace ganymede::kernels::cuda {

struct Empty {};

// A grid and the source line that launches it, so that a failed launch can name both. Converts from dim3 and
// integers.
struct Grid : dim3 {
  const char* file;
  int line;
  Grid(dim3 size, const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : dim3(size), file(file), line(line) {}
  template <class Integer, class = std::enable_if_t<std::is_integral_v<Integer>>>
  Grid(Integer x, const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : dim3(static_cast<unsigned>(x)), file(file), line(line) {}
};

// Throws std::runtime_error "what: name and text of the error" unless error is cudaSuccess.
inline void check(cudaError_t error, const std::string& what) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // or the next launch would report it again
  throw std::runtime_error(what + ": " + cudaGetErrorName(error) + " (" + cudaGetErrorString(error) + ")");
}

namespace simt {
int compute_capability();
}

namespace launching {

inline std::string describe(const void* kernel, const Grid& grid, dim3 block, size_t bytes) {
  const auto text = [](dim3 d) {
    return "(" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) + ")";
  };
  const char* name = nullptr;
  if (cudaFuncGetName(&name, kernel) != cudaSuccess || !name) name = "kernel of unknown name";
  return std::string(name) + " launched at " + grid.file + ":" + std::to_string(grid.line) + " with grid " +
         text(grid) + ", block " + text(block) + ", " + std::to_string(bytes) + " bytes of shared memory";
}

inline void start(bool cooperative, unsigned cluster, const void* kernel, const Grid& grid, dim3 block, size_t bytes,
                  Stream stream, void** args) {
  static const bool synchronise = std::getenv("SYNC_LAUNCHES") && *std::getenv("SYNC_LAUNCHES") == '1';
  const auto cuda_stream = static_cast<cudaStream_t>(stream);
  cudaError_t error = cudaSuccess;
  if (bytes > 48 * 1024) {   // beyond what every kernel may use
    error =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
  }
  if (error == cudaSuccess) {
    if (cluster) {
      cudaLaunchAttribute attribute{};
      attribute.id = cudaLaunchAttributeClusterDimension;
      attribute.val.clusterDim.x = cluster;
      attribute.val.clusterDim.y = attribute.val.clusterDim.z = 1;
      cudaLaunchConfig_t config{};
      config.gridDim = grid;
      config.blockDim = block;
      config.dynamicSmemBytes = bytes;
      config.stream = cuda_stream;
      config.attrs = &attribute;
      config.numAttrs = 1;
      error = cudaLaunchKernelExC(&config, kernel, args);
    } else {
      error = cooperative ? cudaLaunchCooperativeKernel(kernel, grid, block, args, bytes, cuda_stream)
                          : cudaLaunchKernel(kernel, grid, block, args, bytes, cuda_stream);
    }
  }
  const cudaError_t last = cudaGetLastError();
  if (error == cudaSuccess) error = last;
  if (error == cudaSuccess && synchronise) {
    cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;   // while a graph is captured nothing runs
    error = cudaStreamIsCapturing(cuda_stream, &capture);
    if (error == cudaSuccess && capture == cudaStreamCaptureStatusNone)
      error = cudaStreamSynchronize(cuda_stream);
  }
  if (error != cudaSuccess) check(error, describe(kernel, grid, block, bytes));
}

template <class Shared, class... P>
void run(bool cooperative, unsigned cluster, void (*kernel)(P...), const Grid& grid, dim3 block, Stream stream, P... args) {
  static_assert((std::is_trivially_copyable_v<P> && ...), "kernel arguments are copied as bytes");
  if (!grid.x || !grid.y || !grid.z) return;
  void* pointers[] = {static_cast<void*>(&args)..., nullptr};
  start(cooperative, cluster, reinterpret_cast<const void*>(kernel), grid, block,
        std::is_empty_v<Shared> ? 0 : sizeof(Shared), stream, pointers);
}

}  // namespace launching

template <class Shared = Empty, class... P, class... A>
void launch(void (*kernel)(P...), Grid grid, dim3 block, Stream stream, A&&... args) {
  launching::run<Shared, P...>(false, 0, kernel, grid, block, stream, static_cast<P>(args)...);
}

template <class Shared = Empty, class... P, class... A>
void launch_cooperative(void (*kernel)(P...), Grid grid, dim3 block, Stream stream, A&&... args) {
  launching::run<Shared, P...>(true, 0, kernel, grid, block, stream, static_cast<P>(args)...);
}

template <class Shared = Empty, class... P, class... A>
void launch_cluster(void (*kernel)(P...), Grid grid, unsigned cluster, dim3 block, Stream stream, A&&... args) {
  const int capability = simt::compute_capability();
  if (capability < 90) {
    throw std::runtime_error(launching::describe(reinterpret_cast<const void*>(kernel), grid, block, std::is_empty_v<Shared> ? 0 : sizeof(Shared)) +
                             ": a cluster needs a card of compute capability 90, this one has " + std::to_string(capability));
  }
  launching::run<Shared, P...>(false, cluster ? cluster : ~0u, kernel, grid, block, stream, static_cast<P>(args)...);
}

template <class T>
__device__ __forceinline__ T& shared() {
  static_assert(alignof(T) <= 1024);
  extern __shared__ __align__(1024) unsigned char simt_arena[];
  return *reinterpret_cast<T*>(simt_arena);
}

namespace simt {

// The caller's place in the source, which only the simulator keeps.
struct Where {
  __host__ __device__ static constexpr Where current() { return {}; }
};

inline int multiprocessors() {
  int device = 0, count = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device), "cudaDeviceGetAttribute");
  return count;
}

// 90 where kernels for sm_90a can run: on such a card, in a build that has them.
inline int compute_capability() {
  int device = 0, major = 0, minor = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "cudaDeviceGetAttribute");
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device), "cudaDeviceGetAttribute");
  const int capability = 10 * major + minor;
#ifndef GANYMEDE_HAS_SM90A
  if (capability == 90) return 80;
#endif
  return capability;
}

template <class Shared = Empty, class... P>
int cooperative_blocks(void (*kernel)(P...), int threads) {
  constexpr size_t bytes = std::is_empty_v<Shared> ? 0 : sizeof(Shared);
  const void* entry = reinterpret_cast<const void*>(kernel);
  if constexpr (bytes > 48 * 1024) {
    check(cudaFuncSetAttribute(entry, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
          "cudaFuncSetAttribute");
  }
  int blocks = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, entry, threads, bytes), "cudaOccupancy");
  return blocks * multiprocessors();
}

__device__ __forceinline__ int thread_rank() {
  return static_cast<int>(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z));
}
__device__ __forceinline__ int lane() { return thread_rank() % 32; }
__device__ __forceinline__ int warp() { return thread_rank() / 32; }

__device__ __forceinline__ void sync_threads(Where = {}) { __syncthreads(); }
__device__ __forceinline__ void sync_warp(Where = {}) { __syncwarp(); }
__device__ __forceinline__ void grid_sync(Where = {}) { cooperative_groups::this_grid().sync(); }
__device__ __forceinline__ void fence() { __threadfence(); }

// Clusters; what is compiled for other cards is never launched as one.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
__device__ __forceinline__ int cluster_rank() {
  int rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}
__device__ __forceinline__ int cluster_size() {
  int size;
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
  return size;
}
__device__ __forceinline__ void cluster_sync(Where = {}) {
  asm volatile("barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;" ::: "memory");
}
__device__ __forceinline__ void* in_cluster(void* shared, int rank) {
  uint64_t address;
  asm("mapa.u64 %0, %1, %2;" : "=l"(address) : "l"(reinterpret_cast<uint64_t>(shared)), "r"(rank));
  return reinterpret_cast<void*>(address);
}
#else
__device__ __forceinline__ int cluster_rank() { return 0; }
__device__ __forceinline__ int cluster_size() { return 1; }
__device__ __forceinline__ void cluster_sync(Where = {}) { __trap(); }
__device__ __forceinline__ void* in_cluster(void* shared, int) { return shared; }
#endif

constexpr unsigned kFullWarp = 0xFFFFFFFFu;

// Moves a value of up to 16 bytes by 32-bit words.
template <class T, class Move>
__device__ __forceinline__ T shuffle_words(const T& value, Move move) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 16);
  constexpr int words = (sizeof(T) + 3) / 4;
  unsigned raw[words] = {};
  memcpy(raw, &value, sizeof(T));
#pragma unroll
  for (int i = 0; i < words; ++i) raw[i] = move(raw[i]);
  T result;
  memcpy(&result, raw, sizeof(T));
  return result;
}
template <class T>
__device__ __forceinline__ T shuffle_xor(T value, int mask, Where = {}) {
  return shuffle_words(value, [=](unsigned word) { return __shfl_xor_sync(kFullWarp, word, mask); });
}
// Lanes whose source lies outside the warp keep their own value.
template <class T>
__device__ __forceinline__ T shuffle_up(T value, int distance, Where = {}) {
  return shuffle_words(value, [=](unsigned word) { return __shfl_up_sync(kFullWarp, word, distance); });
}
template <class T>
__device__ __forceinline__ T shuffle_down(T value, int distance, Where = {}) {
  return shuffle_words(value, [=](unsigned word) { return __shfl_down_sync(kFullWarp, word, distance); });
}
template <class T>
__device__ __forceinline__ T shuffle_idx(T value, int source, Where = {}) {
  return shuffle_words(value, [=](unsigned word) { return __shfl_sync(kFullWarp, word, source); });
}

__device__ __forceinline__ unsigned ballot(bool predicate, Where = {}) {
  return __ballot_sync(kFullWarp, predicate);
}
__device__ __forceinline__ bool any(bool predicate, Where = {}) { return __any_sync(kFullWarp, predicate); }
__device__ __forceinline__ bool all(bool predicate, Where = {}) { return __all_sync(kFullWarp, predicate); }

__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

// Lane l gives the address of row l % 8 of matrix l / 8 (8 bf16, 16-byte aligned); matrix m lands in r[m],
// element (l / 4, 2 * (l % 4)) in the low half of lane l's register. _trans hands out the transposed
// matrices.
__device__ __forceinline__ void ldmatrix_x4(uint32_t (&r)[4], const void* row, Where = {}) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}
__device__ __forceinline__ void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, Where = {}) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}
__device__ __forceinline__ void ldmatrix_x2(uint32_t (&r)[2], const void* row, Where = {}) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(shared_address(row))
               : "memory");
}
__device__ __forceinline__ void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row, Where = {}) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(shared_address(row))
               : "memory");
}

// mma.m16n8k16 and mma.m16n8k8, row-major a, column-major b; the element maps are in
// kernels/device/fragment.h.
__device__ __forceinline__ void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                                         Where = {}) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ __forceinline__ void mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                                         Where = {}) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
// f32 rounded to tf32 (10-bit mantissa), nearest, ties away from zero.
__device__ __forceinline__ uint32_t to_tf32(float value) {
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
  return bits;
}
// f32 rounded to bf16, nearest, ties to even; NaN becomes 0x7FFF. In one instruction what convert.h's to_bf16 does elsewhere.
__device__ __forceinline__ uint16_t to_bf16_bits(float value) {
  uint16_t bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

template <int Bytes>
__device__ __forceinline__ void cp_async(void* to_shared, const void* from_global, int valid_bytes,
                                         Where = {}) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
  if constexpr (Bytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to_shared)),
                 "l"(from_global), "r"(valid_bytes)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(shared_address(to_shared)),
                 "l"(from_global), "n"(Bytes), "r"(valid_bytes)
                 : "memory");
  }
}
template <int Bytes>
__device__ __forceinline__ void cp_async(void* to_shared, const void* from_global, bool valid = true,
                                         Where = {}) {
  cp_async<Bytes>(to_shared, from_global, valid ? Bytes : 0);
}
__device__ __forceinline__ void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int Groups>
__device__ __forceinline__ void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Groups) : "memory");
}

template <class T>
inline constexpr bool is_atomic =
    std::is_same_v<T, int> || std::is_same_v<T, unsigned> || std::is_same_v<T, unsigned long long>;

// Each returns the old value.
template <class T>
__device__ __forceinline__ T atomic_add(T* p, std::type_identity_t<T> v) {
  static_assert(is_atomic<T>);
  return atomicAdd(p, v);
}
template <class T>
__device__ __forceinline__ T atomic_min(T* p, std::type_identity_t<T> v) {
  static_assert(is_atomic<T>);
  return atomicMin(p, v);
}
template <class T>
__device__ __forceinline__ T atomic_max(T* p, std::type_identity_t<T> v) {
  static_assert(is_atomic<T>);
  return atomicMax(p, v);
}
template <class T>
__device__ __forceinline__ T atomic_exchange(T* p, std::type_identity_t<T> v) {
  static_assert(is_atomic<T>);
  return atomicExch(p, v);
}
template <class T>
__device__ __forceinline__ T atomic_cas(T* p, std::type_identity_t<T> expected,
                                        std::type_identity_t<T> desired) {
  static_assert(is_atomic<T>);
  return atomicCAS(p, expected, desired);
}

}  // namespace simt

template <class T>
__device__ __forceinline__ T& cluster_shared(int rank, simt::Where = {}) {
  return *static_cast<T*>(simt::in_cluster(&shared<T>(), rank));
}

}  // namespace ganymede::kernels::cuda
