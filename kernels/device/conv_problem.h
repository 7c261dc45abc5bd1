// What the launchers of convolutions and matrix products share on the host.
#pragma once
#include "kernels/device/conv_launch.h"
#include "kernels/device/grid.h"
#include "kernels/device/tile_multiply.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// Whether rows of `pitch` elements of T starting at data can be read 16 bytes at a time.
template <class T>
bool readable_as_vectors(const void* data, int64_t pitch) {
  return aligned(data, 16) && pitch % static_cast<int64_t>(16 / sizeof(T)) == 0;
}

inline Result result_of(void* data, bool rounded, int64_t pitch, const Epilogue& epilogue) {
  const auto both = [&](int bytes) { return aligned(data, bytes) && aligned(epilogue.residual, bytes); };
  const bool vectors = pitch % 4 == 0 && both(rounded ? 8 : 16), packs = pitch % (rounded ? 8 : 4) == 0 && both(16);
  return {data,    static_cast<const float*>(epilogue.bias), epilogue.activation, static_cast<float>(epilogue.alpha),
          rounded, vectors, packs, epilogue.residual};
}

// Calls f with the way of multiplying and its element: f(SimtF32{}, float{}) and so on. dtype is f32 or bf16.
template <class F>
void with_number(DType dtype, Math math, F&& f) {
  if (dtype == DType::bf16) f(MmaBf16{}, Bf16{});
  else if (math == Math::tf32) f(MmaTf32{}, float{});
  else f(SimtF32{}, float{});
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
