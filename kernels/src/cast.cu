// Conversions among all element types. A thread converts four neighbours at once where both sides are
// aligned; reads and writes every element once: bound by memory.
#include "kernels/device/dispatch.h"
#include "kernels/device/elementwise.h"
#include "kernels/device/grid.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class T>
struct alignas(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16) Four {
  T values[4];
};

// Rounded to odd, so that rounding the result again to bf16 gives what one rounding of x would.
__device__ inline float narrow_to_odd(double x) {
  const float nearest = static_cast<float>(x);
  const double back = nearest;
  if (back == x || x != x || back - back != 0) return nearest;
  uint32_t bits;
  memcpy(&bits, &nearest, 4);
  if ((back > x) == (x > 0)) --bits;  // towards zero
  bits |= 1;
  float odd;
  memcpy(&odd, &bits, 4);
  return odd;
}

template <class To, class From>
__device__ inline To convert(From x) {
  if constexpr (std::is_same_v<From, Bf16>) {
    return static_cast<To>(to_float(x));
  } else if constexpr (std::is_same_v<To, Bf16>) {
    if constexpr (std::is_same_v<From, float>) {
      return to_bf16(x);
    } else {
      return to_bf16(narrow_to_odd(static_cast<double>(x)));
    }
  } else {
    return static_cast<To>(x);
  }
}

template <class From, class To>
__global__ void cast_kernel(int64_t count, int64_t fours, const From* x, To* y) {
  for (int64_t i = first_item(); i < fours; i += item_stride()) {
    const Four<From> in = reinterpret_cast<const Four<From>*>(x)[i];
    Four<To> out;
    for (int j = 0; j < 4; ++j) out.values[j] = convert<To>(in.values[j]);
    reinterpret_cast<Four<To>*>(y)[i] = out;
  }
  for (int64_t i = 4 * fours + first_item(); i < count; i += item_stride()) y[i] = convert<To>(x[i]);
}

}  // namespace

void cast(Stream stream, DType from, DType to, int64_t count, const void* x, void* y) {
  if (count == 0) return;
  dispatch_any(from, "cast", [&]<class From>() {
    dispatch_any(to, "cast", [&]<class To>() {
      if constexpr (std::is_same_v<From, To>) {
        copy_strided(stream, {1, {count}, {1}, {1}}, sizeof(To), x, y);
      } else {
        const bool wide = aligned(x, alignof(Four<From>)) && aligned(y, alignof(Four<To>));
        const int64_t fours = wide ? count / 4 : 0;
        launch(cast_kernel<From, To>, blocks_for(fours ? fours : count), kThreads, stream, count, fours,
               static_cast<const From*>(x), static_cast<To*>(y));
      }
    });
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
