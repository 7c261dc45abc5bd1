// What the launchers of convolutions and matrix products share on the host.
#pragma once
#include <stdexcept>

#include "kernels/device/conv_launch.h"
#include "kernels/device/grid.h"
#include "kernels/device/tile_multiply.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// Whether rows of `pitch` elements of T starting at data can be read 16 bytes at a time.
template <class T>
bool readable_as_vectors(const void* data, int64_t pitch) {
  return aligned(data, 16) && pitch % static_cast<int64_t>(16 / sizeof(T)) == 0;
}

// The same of an image of so many channels, the first of them in a tensor of their own unless that is 0.
template <class T>
bool readable_as_vectors(const ImageIn& image, int channels, int first) {
  if (first == 0) return readable_as_vectors<T>(image.first, channels);
  return readable_as_vectors<T>(image.first, first) && readable_as_vectors<T>(image.second, channels - first);
}

inline Result result_of(void* data, bool rounded, int64_t pitch, const Epilogue& epilogue) {
  const bool masks = epilogue.mask != nullptr;
  if (masks && (epilogue.bias || epilogue.residual || epilogue.activation != Unary::identity || epilogue.shuffle > 1)) {
    throw std::runtime_error("the store of a product: a mask comes without bias, residual, activation and shuffle");
  }
  const void* const beside = masks ? epilogue.mask : epilogue.residual;
  const auto both = [&](int bytes) { return aligned(data, bytes) && aligned(beside, bytes); };
  const bool vectors = pitch % 4 == 0 && both(rounded ? 8 : 16), packs = pitch % (rounded ? 8 : 4) == 0 && both(16);
  return {data,    static_cast<const float*>(epilogue.bias), epilogue.activation, static_cast<float>(epilogue.alpha),
          rounded, vectors, packs, beside, masks};
}

inline Result result_of(const ImageOut& image, bool rounded, int channels, int first, const Epilogue& epilogue) {
  Result result = result_of(image.first, rounded, first == 0 ? channels : first, epilogue);
  if (first > 0) {
    const Result second = result_of(image.second, rounded, channels - first, epilogue);
    result.vectors = result.vectors && second.vectors, result.packs = result.packs && second.packs;
  }
  return result;
}

// What a direction is instantiated for: PatchMap for plain problems, GatherMap for all others (needs_gather).
template <class Map>
constexpr bool kGathers = std::is_same_v<Map, GatherMap>;
template <class Map, class Rows>
using RowsOf = std::conditional_t<kGathers<Map>, PairRows<Rows>, Rows>;

// Calls f with the way of multiplying and its element: f(SimtF32{}, float{}) and so on. dtype is f32 or bf16.
template <class F>
void with_number(DType dtype, Math math, F&& f) {
  if (dtype == DType::bf16) f(MmaBf16{}, Bf16{});
  else if (math == Math::tf32) f(MmaTf32{}, float{});
  else f(SimtF32{}, float{});
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
