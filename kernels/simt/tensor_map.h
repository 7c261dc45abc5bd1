// Descriptions of tensors in global memory that TMA reads boxes of. The host makes them and hands them to a kernel as a
// `const __grid_constant__ TensorMap`.
#pragma once
#include <stdexcept>
#include <string>

#include "kernels/simt/simt.h"

#ifdef __CUDACC__
#include <cuda.h>   // types alone; the two functions are asked of the driver at run time, so nothing links libcuda
#endif

namespace ganymede::kernels::GANYMEDE_TARGET {

enum class TensorElement : uint8_t { bf16, tf32 };

// How 16-byte pieces of shared memory are exchanged, so that eight rows of a tile fall into different banks: by bits of their
// address, in patterns of 256, 512 and 1024 bytes, at the multiples of which tiles begin. Rows are as long as the name says.
enum class Swizzle : uint8_t { none, bytes32, bytes64, bytes128 };

// Along what an operand of wgmma lies in shared memory: rows of k (the sum's terms), or, of bf16 alone, columns of m or n.
enum class Major : uint8_t { k, mn };

__host__ __device__ constexpr uint32_t swizzled(uint32_t address, Swizzle swizzle) {
  const uint32_t mask = (1u << static_cast<int>(swizzle)) - 1;
  return address ^ (address >> 7 & mask) << 4;
}

// Innermost dimension first. Tiled: boxes of box[0] x box[1] x ... elements, every step[d]-th of them. Im2col: size is C, W, H, N;
// positions go from lower[i] to size - 1 + upper[i] along w (0) and h (1), every step[1], step[2]-th.
struct MapSpec {
  TensorElement element = TensorElement::bf16;
  Swizzle swizzle = Swizzle::bytes128;
  const void* data = nullptr;
  int rank = 0;
  uint64_t size[5] = {};
  uint64_t stride[4] = {};   // bytes between neighbours in dimensions 1, 2, ...
  uint32_t box[5] = {};
  uint32_t step[5] = {1, 1, 1, 1, 1};
  bool im2col = false;
  int lower[2] = {}, upper[2] = {};
  uint32_t channels = 0, pixels = 0;

  int element_bytes() const { return element == TensorElement::bf16 ? 2 : 4; }
};

// What cuTensorMapEncode demands, by name; the driver itself only says "invalid value".
inline void check_map(const MapSpec& m) {
  const auto require = [](bool holds, const char* what) {
    if (!holds) throw std::runtime_error(std::string("tensor map: ") + what);
  };
  require(m.im2col ? m.rank == 4 : m.rank >= 2 && m.rank <= 5, "rank must be 2 to 5, or 4 of im2col");
  require(reinterpret_cast<uintptr_t>(m.data) % 16 == 0 && m.data, "the tensor must be aligned to 16 bytes");
  for (int d = 0; d < m.rank; ++d) {
    require(m.size[d] >= 1 && m.size[d] <= uint64_t{1} << 32, "sizes must be 1 to 2^32");
    require(m.step[d] >= 1 && m.step[d] <= 8, "steps must be 1 to 8");
    if (d > 0) require(m.stride[d - 1] % 16 == 0 && m.stride[d - 1] < uint64_t{1} << 40, "strides must be multiples of 16 bytes below 2^40");
    if (!m.im2col) require(m.box[d] >= 1 && m.box[d] <= 256, "boxes must be 1 to 256 long");
  }
  const uint32_t row = (m.im2col ? m.channels : m.box[0]) * static_cast<uint32_t>(m.element_bytes());
  require(row % 16 == 0, "rows of a box must be multiples of 16 bytes");
  if (m.swizzle != Swizzle::none) require(row <= 16u << static_cast<int>(m.swizzle), "rows of a box must not be longer than the swizzle");
  if (!m.im2col) return;
  require(m.channels >= 1 && m.channels <= 256 && m.pixels >= 1 && m.pixels <= 1024, "im2col takes 1 to 256 channels of 1 to 1024 pixels");
  for (int i = 0; i < 2; ++i) {
    require(m.lower[i] >= -128 && m.lower[i] <= 127 && m.upper[i] >= -128 && m.upper[i] <= 127, "corners must be -128 to 127");
    require(m.lower[i] <= static_cast<int64_t>(m.size[i + 1]) - 1 + m.upper[i], "the box between the corners is empty");
  }
}

#ifdef __CUDACC__

using TensorMap = CUtensorMap;

namespace driver {

template <class Function>
Function* entry_point(const char* name) {
  void* found = nullptr;
  cudaDriverEntryPointQueryResult result = cudaDriverEntryPointSymbolNotFound;
#if CUDART_VERSION >= 12050
  check(cudaGetDriverEntryPointByVersion(name, &found, 12000, cudaEnableDefault, &result), name);
#else
  check(cudaGetDriverEntryPoint(name, &found, cudaEnableDefault, &result), name);
#endif
  if (result != cudaDriverEntryPointSuccess || !found) throw std::runtime_error(std::string(name) + ": this driver does not have it");
  return reinterpret_cast<Function*>(found);
}

}  // namespace driver

inline TensorMap make_map(const MapSpec& m) {
  check_map(m);
  TensorMap map;
  const auto type = m.element == TensorElement::bf16 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_TFLOAT32;
  const auto swizzle = static_cast<CUtensorMapSwizzle>(m.swizzle);
  static_assert(CU_TENSOR_MAP_SWIZZLE_NONE == 0 && CU_TENSOR_MAP_SWIZZLE_32B == 1 && CU_TENSOR_MAP_SWIZZLE_128B == 3);
  const auto rank = static_cast<cuuint32_t>(m.rank);
  void* data = const_cast<void*>(m.data);
  CUresult result;
  if (m.im2col) {
    static auto* const encode = driver::entry_point<decltype(cuTensorMapEncodeIm2col)>("cuTensorMapEncodeIm2col");
    result = encode(&map, type, rank, data, m.size, m.stride, m.lower, m.upper, m.channels, m.pixels, m.step,
                    CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle, CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  } else {
    static auto* const encode = driver::entry_point<decltype(cuTensorMapEncodeTiled)>("cuTensorMapEncodeTiled");
    result = encode(&map, type, rank, data, m.size, m.stride, m.box, m.step, CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle,
                    CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  }
  if (result != CUDA_SUCCESS)
    throw std::runtime_error(std::string(m.im2col ? "cuTensorMapEncodeIm2col" : "cuTensorMapEncodeTiled") + ": error " + std::to_string(result));
  return map;
}

#else

// On sim a map is what it was made of.
struct TensorMap : MapSpec {};

inline TensorMap make_map(const MapSpec& m) {
  check_map(m);
  return {m};
}

#endif

}  // namespace ganymede::kernels::GANYMEDE_TARGET
