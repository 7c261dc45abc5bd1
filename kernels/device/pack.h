// Sixteen bytes of a tensor at a time: one 128-bit load or store a thread.
#pragma once
#include "kernels/device/convert.h"
#include "kernels/simt/simt.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// 4 f32, 8 bf16, 2 f64, 16 u8 ...
template <class T>
struct alignas(16) Pack {
  static constexpr int kSize = 16 / static_cast<int>(sizeof(T));
  T v[kSize];
  __device__ __forceinline__ T& operator[](int i) { return v[i]; }
  __device__ __forceinline__ const T& operator[](int i) const { return v[i]; }
};

// pointer must be 16-byte aligned.
template <class T>
__device__ __forceinline__ Pack<T> load_pack(const T* pointer, simt::Where where = simt::Where::current()) {
  Pack<T> result;
#ifdef __CUDACC__
  const uint4 raw = *reinterpret_cast<const uint4*>(pointer);
  memcpy(&result, &raw, 16);
#else
  if (reinterpret_cast<uintptr_t>(pointer) % 16)
    fibers::fail("load_pack: the address is not 16-byte aligned", where);
  memcpy(&result, pointer, 16);
#endif
  return result;
}

template <class T>
__device__ __forceinline__ void store_pack(T* pointer, const Pack<T>& pack,
                                           simt::Where where = simt::Where::current()) {
#ifdef __CUDACC__
  uint4 raw;
  memcpy(&raw, &pack, 16);
  *reinterpret_cast<uint4*>(pointer) = raw;
#else
  if (reinterpret_cast<uintptr_t>(pointer) % 16)
    fibers::fail("store_pack: the address is not 16-byte aligned", where);
  memcpy(pointer, &pack, 16);
#endif
}

// kWidth neighbouring elements: a pack, or one.
template <class T>
struct Single {
  T v;
  __device__ __forceinline__ T& operator[](int) { return v; }
  __device__ __forceinline__ const T& operator[](int) const { return v; }
};
template <int kWidth, class T>
using Elements = std::conditional_t<kWidth == 1, Single<T>, Pack<T>>;

template <int kWidth, class T>
__device__ __forceinline__ Elements<kWidth, T> load_elements(const T* pointer,
                                                             simt::Where where = simt::Where::current()) {
  if constexpr (kWidth == 1) {
    return {*pointer};
  } else {
    return load_pack(pointer, where);
  }
}
template <int kWidth, class T>
__device__ __forceinline__ void store_elements(T* pointer, const Elements<kWidth, T>& elements,
                                               simt::Where where = simt::Where::current()) {
  if constexpr (kWidth == 1) {
    *pointer = elements[0];
  } else {
    store_pack(pointer, elements, where);
  }
}

// May count elements at each of these pointers (null allowed) be read and written in packs, without a tail?
template <class T, class... Pointers>
__host__ inline bool packable(int64_t count, const Pointers*... pointers) {
  return count % Pack<T>::kSize == 0 && ((reinterpret_cast<uintptr_t>(pointers) % 16 == 0) && ...);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
