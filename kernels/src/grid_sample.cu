// Sampling at given places: S and J of kernels/api/grid_sample.h, the adjoint in x, and the gradient by the
// grid. sample: a thread owns a pack of channels of one place. grid_gradient: a thread (few channels) or a
// warp owns a place. data_gradient adds up in 64-bit fixed point, scaled by the largest possible sum, with
// integer atomics: the order of integer additions does not matter, so the result is the same bits every time,
// without sorting places. It moves 8 bytes an element of dx twice more than dy and dx themselves; sample is
// bound by memory.
#include "kernels/device/dispatch.h"
#include "kernels/device/families.h"
#include "kernels/device/grid.h"
#include "kernels/device/pack.h"
#include "kernels/device/reduce.h"
#include "kernels/device/sample_place.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

using Bits = unsigned long long;

template <class A>
struct Grid2 {
  const A *grid, *direction;  // [N, P, Q, 2]; direction may be null
  __device__ Corners<A> at(const GridSample& s, int64_t place) const {
    return corners_of(s, grid + 2 * place, direction ? direction + 2 * place : nullptr);
  }
};

template <int kWidth, class T>
__global__ void sample_kernel(GridSample s, Grid2<Accumulator<T>> grid, int64_t items, const T* x, T* y) {
  using A = Accumulator<T>;
  const int64_t packs = s.c / kWidth;
  for (int64_t item = first_item(); item < items; item += item_stride()) {
    const Division at = divide(item, packs);
    const int64_t channel = at.remainder * kWidth, image = divide(at.quotient, s.p * s.q).quotient;
    const Corners<A> corners = grid.at(s, at.quotient);
    A sum[kWidth] = {};
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) {
        if (!corners.counts(s, i, j)) continue;
        const A weight = corners.weight[i][j];
        const T* pixel = x + ((image * s.h + corners.row + i) * s.w + corners.column + j) * s.c + channel;
        if constexpr (kWidth == 1) {
          sum[0] += weight * widen(*pixel);
        } else {
          const Pack<T> v = load_pack(pixel);
          for (int k = 0; k < kWidth; ++k) sum[k] += weight * widen(v[k]);
        }
      }
    }
    if constexpr (kWidth == 1) {
      y[item] = narrow<T>(sum[0]);
    } else {
      Pack<T> v;
      for (int k = 0; k < kWidth; ++k) v[k] = narrow<T>(sum[k]);
      store_pack(y + item * kWidth, v);
    }
  }
}

// What data_gradient keeps before the sums [N, H, W, C] in its workspace: the bits of the largest |weight *
// dy|, which for numbers that are not negative grow with the number, NaN above all.
struct alignas(256) Largest {
  Bits bits;
};

__global__ void clear_sums_kernel(int64_t count, Largest* largest, Bits* sums) {
  if (first_item() == 0) largest->bits = 0;
  for (int64_t i = first_item(); i < count; i += item_stride()) sums[i] = 0;
}

__device__ inline Bits bits_of(double value) {
  Bits bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

__device__ inline double number_of(Bits bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

template <class T>
__global__ void find_largest_kernel(GridSample s, Grid2<Accumulator<T>> grid, int64_t items, const T* dy,
                                    Largest* largest) {
  using A = Accumulator<T>;
  double most = 0;
  for (int64_t item = first_item(); item < items; item += item_stride()) {
    const Corners<A> corners = grid.at(s, divide(item, s.c).quotient);
    const A g = widen(dy[item]);
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) {
        if (corners.counts(s, i, j))
          most = math::maximum(most,
                               math::abs(static_cast<double>(corners.weight[i][j]) * static_cast<double>(g)));
      }
    }
  }
  most = warp_max(most);
  if (threadIdx.x % 32 == 0) simt::atomic_max(&largest->bits, bits_of(most));
}

// The power of two such that `terms` numbers up to `most` add up to less than 2^62 after scaling; most is
// finite.
__device__ inline int fixed_exponent(double most, int64_t terms) {
  int of_most = 0, of_terms = 0;
  ::frexp(most, &of_most);
  while ((int64_t{1} << of_terms) < terms) ++of_terms;
  const int exponent = 62 - of_most - of_terms;
  return exponent < 1000 ? exponent : 1000;
}

template <class T>
__global__ void add_fixed_kernel(GridSample s, Grid2<Accumulator<T>> grid, int64_t items, const T* dy,
                                 const Largest* largest, Bits* sums) {
  using A = Accumulator<T>;
  const double most = number_of(largest->bits);
  if (most == 0 || most - most != 0) return;
  const double scale = ::ldexp(1.0, fixed_exponent(most, s.p * s.q));
  for (int64_t item = first_item(); item < items; item += item_stride()) {
    const Division at = divide(item, s.c);
    const int64_t image = divide(at.quotient, s.p * s.q).quotient;
    const Corners<A> corners = grid.at(s, at.quotient);
    const double g = static_cast<double>(widen(dy[item]));
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) {
        if (!corners.counts(s, i, j)) continue;
        const double term = static_cast<double>(corners.weight[i][j]) * g * scale;
        const int64_t pixel = (image * s.h + corners.row + i) * s.w + corners.column + j;
        simt::atomic_add(&sums[pixel * s.c + at.remainder], static_cast<Bits>(::llrint(term)));
      }
    }
  }
}

// A largest term that is not finite makes all of dx NaN, so that it is not lost.
template <class T>
__global__ void convert_sums_kernel(GridSample s, int64_t count, const Largest* largest, const Bits* sums,
                                    T* dx) {
  const double most = number_of(largest->bits);
  const bool finite = most - most == 0;
  const double scale = finite ? ::ldexp(1.0, -fixed_exponent(most, s.p * s.q)) : 0.0;
  for (int64_t i = first_item(); i < count; i += item_stride()) {
    const double value = finite ? static_cast<double>(static_cast<long long>(sums[i])) * scale : most - most;
    dx[i] = narrow<T>(static_cast<Accumulator<T>>(value));
  }
}

// lanes: 1 or 32, which share the channels of a place.
template <class T>
__global__ void find_grid_gradient_kernel(GridSample s, Grid2<Accumulator<T>> grid, int lanes, const T* x,
                                          const T* dy, Accumulator<T>* dgrid) {
  using A = Accumulator<T>;
  const int64_t places = s.n * s.p * s.q;
  const int per_block = kThreads / lanes, lane = threadIdx.x % lanes;
  for (int64_t first = int64_t{blockIdx.x} * per_block; first < places;
       first += int64_t{gridDim.x} * per_block) {
    const int64_t place = first + threadIdx.x / lanes;
    A along_x = 0, along_y = 0;  // or, with a direction, the mixed derivative in both
    if (place < places) {
      const int64_t image = divide(place, s.p * s.q).quotient;
      const Corners<A> c = corners_of<A>(s, grid.grid + 2 * place, nullptr);
      for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 2; ++j) {
          if (!c.inside(s, i, j)) continue;
          const T* pixel = x + ((image * s.h + c.row + i) * s.w + c.column + j) * s.c;
          A product = 0;
          for (int64_t k = lane; k < s.c; k += lanes) product += widen(pixel[k]) * widen(dy[place * s.c + k]);
          const A sign_x = j ? A(1) : A(-1), sign_y = i ? A(1) : A(-1);
          if (grid.direction) {
            along_x += sign_x * sign_y * product;
          } else {
            along_x += sign_x * (i ? c.share_y : A(1) - c.share_y) * product;
            along_y += sign_y * (j ? c.share_x : A(1) - c.share_x) * product;
          }
        }
      }
      if (grid.direction) {
        const A mixed = along_x * c.slope_x * c.slope_y;
        along_x = grid.direction[2 * place + 1] * mixed;
        along_y = grid.direction[2 * place] * mixed;
      } else {
        along_x *= c.slope_x;
        along_y *= c.slope_y;
      }
    }
    if (lanes == 32) {
      along_x = warp_sum(along_x);
      along_y = warp_sum(along_y);
    }
    if (lane == 0 && place < places) {
      dgrid[2 * place] = along_x;
      dgrid[2 * place + 1] = along_y;
    }
  }
}

template <class A>
Grid2<A> grid_of_places(const void* grid, const void* direction) {
  return {static_cast<const A*>(grid), static_cast<const A*>(direction)};
}

void sample(Stream stream, const GridSample& s, const void* x, const void* grid, const void* direction,
            void* y) {
  dispatch_float(s.dtype, "grid_sample", [&]<class T>() {
    constexpr int kPack = Pack<T>::kSize;
    const auto places = grid_of_places<Accumulator<T>>(grid, direction);
    const int64_t count = s.n * s.p * s.q * s.c;
    if (s.c % kPack == 0 && aligned(x, 16) && aligned(y, 16)) {
      launch(sample_kernel<kPack, T>, blocks_for(count / kPack), kThreads, stream, s, places, count / kPack,
             static_cast<const T*>(x), static_cast<T*>(y));
    } else {
      launch(sample_kernel<1, T>, blocks_for(count), kThreads, stream, s, places, count,
             static_cast<const T*>(x), static_cast<T*>(y));
    }
  });
}

void find_data_gradient(Stream stream, const GridSample& s, const void* dy, const void* grid,
                        const void* direction, void* dx, void* workspace) {
  const int64_t count = s.n * s.h * s.w * s.c, items = s.n * s.p * s.q * s.c;
  auto* largest = static_cast<Largest*>(workspace);
  Bits* sums = reinterpret_cast<Bits*>(largest + 1);
  dispatch_float(s.dtype, "grid_sample.data_gradient", [&]<class T>() {
    const auto places = grid_of_places<Accumulator<T>>(grid, direction);
    const T* g = static_cast<const T*>(dy);
    launch(clear_sums_kernel, blocks_for(count), kThreads, stream, count, largest, sums);
    launch(find_largest_kernel<T>, blocks_for(items), kThreads, stream, s, places, items, g, largest);
    launch(add_fixed_kernel<T>, blocks_for(items), kThreads, stream, s, places, items, g, largest, sums);
    launch(convert_sums_kernel<T>, blocks_for(count), kThreads, stream, s, count, largest, sums,
           static_cast<T*>(dx));
  });
}

size_t workspace_bytes(const GridSample& s) {
  return sizeof(Largest) + static_cast<size_t>(s.n * s.h * s.w * s.c) * sizeof(Bits);
}

void find_grid_gradient(Stream stream, const GridSample& s, const void* x, const void* dy, const void* grid,
                        const void* direction, void* dgrid) {
  const int lanes = s.c <= 8 ? 1 : 32;
  dispatch_float(s.dtype, "grid_sample.grid_gradient", [&]<class T>() {
    using A = Accumulator<T>;
    launch(find_grid_gradient_kernel<T>, blocks_for(s.n * s.p * s.q * lanes), kThreads, stream, s,
           grid_of_places<A>(grid, direction), lanes, static_cast<const T*>(x), static_cast<const T*>(dy),
           static_cast<A*>(dgrid));
  });
}

}  // namespace

extern const GridSampleKernels grid_sample_kernels = {sample, find_data_gradient, workspace_bytes,
                                                      find_grid_gradient};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
