// Draws of kernels/api/random.h: a thread owns one counter, whose four outputs are four neighbouring
// elements. Philox costs some 90 integer instructions for 16 bytes written: near the balance of memory and
// arithmetic.
#include "kernels/device/convert.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/families.h"
#include "kernels/device/grid.h"
#include "kernels/device/math.h"
#include "kernels/device/rng.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

// low + range * u rounded twice, so that every device gives the same bits: nvcc would fuse the two.
__device__ inline float stretch(float low, float range, float u) {
#ifdef __CUDA_ARCH__
  return __fadd_rn(low, __fmul_rn(range, u));
#else
  return low + range * u;
#endif
}
__device__ inline double stretch(double low, double range, double u) {
#ifdef __CUDA_ARCH__
  return __dadd_rn(low, __dmul_rn(range, u));
#else
  return low + range * u;
#endif
}

template <class A>
struct Uniform {
  A low, range;
  __device__ void operator()(const Philox4& bits, A (&values)[4]) const {
    for (int lane = 0; lane < 4; ++lane)
      values[lane] = stretch(low, range, static_cast<A>(uniform(bits.v[lane])));
  }
};

template <class A>
struct Normal {
  A mean, deviation;
  __device__ void operator()(const Philox4& bits, A (&values)[4]) const {
    for (int lane = 0; lane < 4; lane += 2) {
      if constexpr (std::is_same_v<A, float>) {
        const NormalPair pair = normal_pair(bits.v[lane], bits.v[lane + 1]);
        values[lane] = mean + deviation * pair.first;
        values[lane + 1] = mean + deviation * pair.second;
      } else {
        const double radius = math::sqrt(-2 * math::log((bits.v[lane] + 1.0) * 0x1p-32));
        const double angle = bits.v[lane + 1] * 0x1p-32 * 6.283185307179586476925;
        values[lane] = mean + deviation * (radius * math::cos(angle));
        values[lane + 1] = mean + deviation * (radius * math::sin(angle));
      }
    }
  }
};

template <class A>
struct Bernoulli {
  float probability;
  A value;
  __device__ void operator()(const Philox4& bits, A (&values)[4]) const {
    for (int lane = 0; lane < 4; ++lane) values[lane] = uniform(bits.v[lane]) < probability ? value : A(0);
  }
};

struct Integers {
  uint32_t bound;
  __device__ void operator()(const Philox4& bits, int64_t (&values)[4]) const {
    for (int lane = 0; lane < 4; ++lane) values[lane] = below(bits.v[lane], bound);
  }
};

template <class T>
struct alignas(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16) Four {
  T values[4];
};

template <class T, class A, class Draw>
__global__ void draw_kernel(Draw draw, const RandomState* state, uint32_t ordinal, int64_t count, bool wide,
                            T* out) {
  const RandomState now = *state;
  for (int64_t i = first_item(); i * 4 < count; i += item_stride()) {
    const Philox4 bits =
        philox(now.seed, Philox4{{static_cast<uint32_t>(i), ordinal, now.unit, now.iteration}});
    A values[4];
    draw(bits, values);
    Four<T> stored;
    for (int lane = 0; lane < 4; ++lane) stored.values[lane] = narrow<T>(values[lane]);
    if (wide && i * 4 + 4 <= count) {
      reinterpret_cast<Four<T>*>(out)[i] = stored;
    } else {
      for (int lane = 0; lane < 4 && i * 4 + lane < count; ++lane) out[i * 4 + lane] = stored.values[lane];
    }
  }
}

template <class T, class A, class Draw>
void launch_draw(Stream stream, const Draw& draw, const RandomState* state, uint32_t ordinal, int64_t count,
                 T* out) {
  launch(draw_kernel<T, A, Draw>, blocks_for(ceil_div<int64_t>(count, 4)), kThreads, stream, draw, state,
         ordinal, count, aligned(out, alignof(Four<T>)), out);
}

void draw_uniform(Stream stream, const RandomState* state, uint32_t ordinal, DType dtype, int64_t count,
                  double low, double high, void* out) {
  dispatch_float(dtype, "uniform", [&]<class T>() {
    using A = Accumulator<T>;
    const Uniform<A> draw{static_cast<A>(low), static_cast<A>(high) - static_cast<A>(low)};
    launch_draw<T, A>(stream, draw, state, ordinal, count, static_cast<T*>(out));
  });
}

void draw_normal(Stream stream, const RandomState* state, uint32_t ordinal, DType dtype, int64_t count,
                 double mean, double deviation, void* out) {
  dispatch_float(dtype, "normal", [&]<class T>() {
    using A = Accumulator<T>;
    const Normal<A> draw{static_cast<A>(mean), static_cast<A>(deviation)};
    launch_draw<T, A>(stream, draw, state, ordinal, count, static_cast<T*>(out));
  });
}

void draw_bernoulli(Stream stream, const RandomState* state, uint32_t ordinal, DType dtype, int64_t count,
                    double probability, double value, void* out) {
  dispatch_float(dtype, "bernoulli", [&]<class T>() {
    using A = Accumulator<T>;
    const Bernoulli<A> draw{static_cast<float>(probability), static_cast<A>(value)};
    launch_draw<T, A>(stream, draw, state, ordinal, count, static_cast<T*>(out));
  });
}

void draw_integers(Stream stream, const RandomState* state, uint32_t ordinal, int64_t count, uint32_t bound,
                   int64_t* out) {
  launch_draw<int64_t, int64_t>(stream, Integers{bound}, state, ordinal, count, out);
}

}  // namespace

extern const RandomKernels random_kernels = {draw_uniform, draw_normal, draw_bernoulli, draw_integers};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
