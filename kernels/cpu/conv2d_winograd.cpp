#include "kernels/cpu/conv2d_winograd.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "kernels/cpu/conv2d.h"
#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/conv2d_pack.h"
#include "kernels/cpu/number.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/widen.h"

#pragma GCC optimize("fp-contract=fast")  // as in conv2d_tile.cpp

#include "kernels/cpu/conv2d_winograd_weights.h"

namespace ganymede::kernels::cpu {
namespace {

// Where Main, whose rest Scheme is or which is Scheme, has a point of Scheme.
template <class Scheme, class Main>
constexpr int point_in(int point) {
  if constexpr (std::is_same_v<Scheme, Main>) return point;
  else return Scheme::kPlace[point / Scheme::kSide] * Main::kSide + Scheme::kPlace[point % Scheme::kSide];
}

// c [points, count, columns] = a [points, count, length] * u, one point after the other; length in numbers, u at the points of Main.
template <class Scheme, class Main>
void multiply_points(int64_t count, int64_t length, int columns, const typename Scheme::Number* a, const typename Scheme::Number* u, float* c) {
  for (int point = 0; point < kPoints<Scheme>; ++point)
    for (int first = 0; first < columns; first += kPanel) {
      const int width = std::min(kPanel, columns - first);
      multiply_tiles({a + point * point_stride(count * length), length, 1, u + point_in<Scheme, Main>(point) * point_stride(int64_t{columns} * length) + int64_t{first} * length, width,
                      c + point * point_stride(count * columns) + first, columns, count, width, length, false});
    }
}

constexpr int64_t kRows = 6;  // that products take at a time

// Tiles at a time: what lies between the transforms fills three quarters of a second cache of 1 MB; as many as help where the weights, read
// once a chunk, come from beyond it; fewer where threads would go without.
template <class Scheme>
int64_t chunk_of(const Conv2d& p, const Tiles<Scheme>& tiles, int terms, int results) {
  constexpr int64_t kNumbers = 3 << 16, kLeast = 24, kMost = 96, kFarWeights = 3 << 19;
  const int64_t threads = omp_get_max_threads(), share = (tiles.count + threads * kRows - 1) / (threads * kRows) * kRows;
  if (transformed_numbers<Scheme>(p) > kFarWeights) return std::min(share, kMost);
  return std::min(share, std::clamp(kNumbers / (kPoints<Scheme> * (numbers_of<Scheme>(terms) + results)) / kRows * kRows, kLeast, kMost));
}

// In a parallel region: calls body(begin, end) for this thread's share of [0, count), in pieces of about one size, at most `most`, where they
// can a multiple of `multiple`.
template <class Body>
void for_each_piece(int64_t count, int64_t most, int64_t multiple, Body body) {
  const int64_t threads = omp_get_num_threads(), rank = omp_get_thread_num();
  const int64_t begin = count * rank / threads, end = count * (rank + 1) / threads;
  if (begin == end) return;
  const int64_t pieces = ceil_div(end - begin, most), piece = std::min(most, ceil_div(ceil_div(end - begin, pieces), multiple) * multiple);
  for (int64_t first = begin; first < end; first += piece) body(first, std::min(first + piece, end));
}

// Memory of one thread for a chunk: operands [points, chunk, terms] and results [points, chunk, results] of its products.
template <class Scheme>
struct Workspace {
  using Number = typename Scheme::Number;
  Number* operands;
  float* products;
  Workspace(int64_t chunk, int terms, float* memory) {
    operands = reinterpret_cast<Number*>(memory);
    products = memory + numbers_of_operands(chunk, terms);
  }
  static int64_t numbers_of_operands(int64_t chunk, int terms) { return kPoints<Scheme> * point_stride(chunk * numbers_of<Scheme>(terms)); }
  static int64_t numbers(int64_t chunk, int terms, int results) {
    return numbers_of_operands(chunk, terms) + kPoints<Scheme> * point_stride(chunk * results);
  }
};

float* scratch(Scratch slot, int64_t numbers) { return static_cast<float*>(onednn_scratch(slot, numbers * sizeof(float))); }

template <class Main, class Scheme, class T>
void forward_tiles(const Conv2d& p, const Tiles<Scheme>& tiles, const T* x, const typename Scheme::Number* u, T* y, const Epilogue& epilogue) {
  using Number = typename Scheme::Number;
  const int terms = kPhases<Scheme> * p.c;
  const int64_t length = numbers_of<Scheme>(terms);
  const int64_t chunk = chunk_of(p, tiles, terms, p.k);
  const int64_t each = Workspace<Scheme>::numbers(chunk, terms, p.k);
  float* const memory = scratch(Scratch::source, omp_get_max_threads() * each);
#pragma omp parallel
  for_each_piece(tiles.count, chunk, kRows, [&](int64_t begin, int64_t end) {
    const Workspace<Scheme> space(chunk, terms, memory + omp_get_thread_num() * each);
    const int64_t count = end - begin;
    for (int64_t i = 0; i < count; ++i)
      transform_x<Lanes>(p, tiles, begin + i, end, x, [&](int column) {
        return AlongSum<Number>{space.operands + i * length + column / kTerms<Number>, point_stride(count * length)};
      });
    multiply_points<Scheme, Main>(count, length, p.k, space.operands, u, space.products);
    for (int64_t i = 0; i < count; ++i)
      transform_y(p, tiles[begin + i], space.products + i * p.k, point_stride(count * p.k), y, epilogue);
  });
}

template <class Scheme, class T>
void forward(const Conv2d& p, const T* x, const typename Scheme::Number* u, T* y, const Epilogue& epilogue) {
  const Cut<Scheme> cut(p);
  forward_tiles<Scheme>(p, cut.main, x, u, y, epilogue);
  if (cut.rest.count) forward_tiles<Scheme>(p, cut.rest, x, u, y, epilogue);
}

// Adds what tiles begin .. end give to dx, whose first image is first_image.
template <class Main, class Scheme, class T>
void add_tiles(const Conv2d& p, const Tiles<Scheme>& tiles, const T* dy, const typename Scheme::Number* u, int64_t chunk, const Workspace<Scheme>& space,
               int64_t begin, int64_t end, int first_image, float* dx) {
  using Number = typename Scheme::Number;
  const int columns = kPhases<Scheme> * p.c;
  const int64_t length = numbers_of<Scheme>(p.k);
  for (int64_t first = begin; first < end; first += chunk) {
    const int64_t count = std::min(chunk, end - first);
    for (int64_t i = 0; i < count; ++i)
      adjoint_y<Lanes>(p, tiles, first + i, end, dy, [&](int column) {
        return AlongSum<Number>{space.operands + i * length + column / kTerms<Number>, point_stride(count * length)};
      });
    multiply_points<Scheme, Main>(count, length, columns, space.operands, u, space.products);
    for (int64_t i = 0; i < count; ++i) {
      Tile<Scheme> tile = tiles[first + i];
      tile.n -= first_image;
      add_adjoint_x(p, tile, space.products + i * columns, point_stride(count * columns), dx);
    }
  }
}

// By the adjoint of every step. Neighbouring tiles overlap in dx: a thread takes whole images, as many as fill a chunk, or, where
// there are too few, bands of their tile rows, first the even ones, then the odd ones. Sums that will be rounded to bf16 wait in f32.
template <class Scheme, class T>
void adjoint(const Conv2d& p, const T* dy, const typename Scheme::Number* u, T* out, const Epilogue& epilogue) {
  using Rest = typename Scheme::Rest;
  const int columns = kPhases<Scheme> * p.c, threads = omp_get_max_threads();
  const Tiles<Scheme> tiles(p);
  const Cut<Scheme> cut(p);
  const int64_t chunk = chunk_of(p, p.n < threads ? tiles : cut.main, p.k, columns), rest_chunk = chunk_of(p, cut.rest, p.k, columns);
  const int64_t pixels = int64_t{p.h} * p.w, image = pixels * p.c;
  // A thread may be at the rest while others are not: it has its own memory for both.
  const int64_t each = std::max(Workspace<Scheme>::numbers(chunk, p.k, columns), Workspace<Rest>::numbers(rest_chunk, p.k, columns));
  float* const memory = scratch(Scratch::source, threads * each);
  constexpr bool kRounds = std::is_same_v<T, Bf16>;
  const int together = static_cast<int>(std::clamp<int64_t>(chunk / cut.main.of_image, 1, std::max(1, p.n / threads)));
  float* const wide = kRounds ? wide_result(std::min(p.n, threads * together) * image) : nullptr;
  const auto sums = [&](int64_t in_wide, int64_t in_out) {
    if constexpr (kRounds) return wide + in_wide;
    else return out + in_out;
  };
  if (p.n >= threads) {
#pragma omp parallel
    for_each_piece(p.n, together, 1, [&](int64_t begin, int64_t end) {
      const int thread = omp_get_thread_num();
      float* const dx = sums(thread * together * image, begin * image);
      std::fill_n(dx, (end - begin) * image, 0.0f);
      const auto add = [&]<class Cutting>(const Tiles<Cutting>& of, int64_t at_a_time) {
        const Workspace<Cutting> space(at_a_time, p.k, memory + thread * each);
        add_tiles<Scheme>(p, of, dy, u, at_a_time, space, begin * of.of_image, end * of.of_image, static_cast<int>(begin), dx);
      };
      add(cut.main, chunk);
      add(cut.rest, rest_chunk);
      apply_epilogue(p.dtype, (end - begin) * pixels, p.c, behind(epilogue, begin * image * int64_t{sizeof(T)}), kRounds ? dx : nullptr, out + begin * image);
    });
    return;
  }
  const int bands = std::min(2 * threads, tiles.rows());
  float* const dx = sums(0, 0);
#pragma omp parallel
  {
    const Workspace<Scheme> space(chunk, p.k, memory + omp_get_thread_num() * each);
#pragma omp for schedule(static)
    for (int64_t row = 0; row < int64_t{p.n} * p.h; ++row) std::fill_n(dx + row * p.w * p.c, int64_t{p.w} * p.c, 0.0f);
    for (int parity = 0; parity < 2; ++parity)
#pragma omp for schedule(static)
      for (int pair = 0; pair < p.n * ((bands + 1 - parity) / 2); ++pair) {
        const int pairs = (bands + 1 - parity) / 2, band = 2 * (pair % pairs) + parity;
        const int64_t top = int64_t{pair / pairs} * tiles.rows();
        add_tiles<Scheme>(p, tiles, dy, u, chunk, space, (top + tiles.rows() * band / bands) * tiles.columns(), (top + tiles.rows() * (band + 1) / bands) * tiles.columns(), 0, dx);
      }
  }
  apply_epilogue(p.dtype, p.n * pixels, p.c, epilogue, kRounds ? dx : nullptr, out);
}

// What tiles give, or add. A thread takes blocks of the filter: their sums at all points stay in its second cache until they are transformed back.
template <class Scheme, class T>
void weight_gradient_of_tiles(const Conv2d& p, const Tiles<Scheme>& tiles, bool adds, const T* x, const T* dy, float* dw) {
  using Number = typename Scheme::Number;
  using V = Terms<Number>;
  constexpr int kSide = Scheme::kSide, kTaps = Scheme::kTaps, kTogether = kTerms<Number>, kLeastRows = 16;
  const int columns = kPhases<Scheme> * p.c, threads = omp_get_max_threads();
  // A chunk, which all threads read, stays in the third cache.
  constexpr int64_t kNumbers = 1 << 20, kLeast = 96;
  const int64_t of_number = kPoints<Scheme> * (int64_t{columns} + p.k);
  const int64_t chunk = std::min(tiles.count, std::max(kLeast, kNumbers / of_number * kTogether)), most = numbers_of<Scheme>(chunk);
  Number* const v = reinterpret_cast<Number*>(scratch(Scratch::source, kPoints<Scheme> * point_stride(most * columns)));
  Number* const m = reinterpret_cast<Number*>(scratch(Scratch::destination, kPoints<Scheme> * point_stride(most * p.k)));
  int rows_of_block = kPanel;
  while (rows_of_block > kLeastRows && (p.k / rows_of_block) * (columns / kPanel) < 4 * threads) rows_of_block /= 2;
  const int64_t block = point_stride(int64_t{rows_of_block} * kPanel);
  float* const sums = scratch(Scratch::sums, threads * kPoints<Scheme> * block);
#pragma omp parallel
  for (int64_t first = 0; first < tiles.count; first += chunk) {
    const int64_t end = std::min(tiles.count, first + chunk), length = numbers_of<Scheme>(end - first);
#pragma omp for schedule(static)
    for (int64_t number = 0; number < length; ++number) {
      const int64_t tile = first + number * kTogether;
      transform_x<V>(p, tiles, tile, end, x, [&](int column) {
        return AcrossSums<Number>{v + panel_index(length, columns, number, column), point_stride(length * columns)};
      });
      adjoint_y<V>(p, tiles, tile, end, dy, [&](int column) {
        return AcrossSums<Number>{m + panel_index(length, p.k, number, column), point_stride(length * p.k)};
      });
    }
    float* const u = sums + omp_get_thread_num() * kPoints<Scheme> * block;
#pragma omp for schedule(static) collapse(2)
    for (int row = 0; row < p.k; row += rows_of_block)
      for (int column = 0; column < columns; column += kPanel) {
        const int rows = std::min(rows_of_block, p.k - row), width = std::min(kPanel, columns - column);
        const int64_t rows_of_m = std::min(kPanel, p.k - row / kPanel * kPanel);
        for (int point = 0; point < kPoints<Scheme>; ++point)
          multiply_tiles({m + point * point_stride(length * p.k) + panel_index(length, p.k, 0, row), 1, rows_of_m,
                          v + point * point_stride(length * columns) + panel_index(length, columns, 0, column), width, u + point * block, kPanel, rows, width,
                          length, false});
        for (int k = 0; k < rows; ++k)
          for (int j = 0; j < width; j += kRegisterLanes) {
            Lanes g[kTaps][kTaps];
            const float* const from = u + int64_t{k} * kPanel + j;
            transform<Scheme::kFilter.transposed(), Lanes>([&](int r, int s) { return Lanes(lanes(from + (r * kSide + s) * block)); },
                                                           [&](int r, int s, Lanes value) { g[r][s] = value; });
            for_each_tap<Scheme>(p, row + k, (column + j) / p.c, (column + j) % p.c, [&](int64_t at, int r, int s) {
              if (first == 0 && !adds) lanes(dw + at) = g[r][s];
              else lanes(dw + at) += g[r][s];
            });
          }
      }
  }
}

template <class Scheme, class T>
void weight_gradient(const Conv2d& p, const T* x, const T* dy, float* dw) {
  const Cut<Scheme> cut(p);
  weight_gradient_of_tiles(p, cut.main, false, x, dy, dw);
  if (cut.rest.count) weight_gradient_of_tiles(p, cut.rest, true, x, dy, dw);
}

// What a pass takes, in products per input and output channel. Measured: transforming the weights after a step costs as much as
// multiplying by them 36 times.
template <class Scheme>
int64_t cost(const Conv2d& p) {
  return (Cut<Scheme>(p).products() + 36 * kPoints<Scheme>) * kPhases<Scheme>;
}

#ifdef __AVX512BF16__
std::atomic<bool> bf16_products = true;
#else
std::atomic<bool> bf16_products = false;
#endif

// Calls body with the cheapest scheme of a filter of p's size and stride, and with the type of images and filter.
template <class Body>
void with_scheme(const Conv2d& p, Body body) {
  const bool wide = std::max(p.r, p.s) == 5;
  const bool one = p.stride_h == 1;
  if (p.dtype == DType::bf16 && bf16_products && !(one && p.r == 4)) {
    if (one) body(StrideOneBf16(), Bf16());
    else if (wide) body(StrideTwoWideBf16(), Bf16());
    else if (cost<StrideTwoBf16>(p) < cost<StrideTwoSmallBf16>(p)) body(StrideTwoBf16(), Bf16());
    else body(StrideTwoSmallBf16(), Bf16());
    return;
  }
  with_f32_or_bf16(p.dtype, [&]<class T>(T type) {
    if (one) p.r == 4 ? body(StrideOneWide(), type) : body(StrideOne(), type);
    else if (wide) body(StrideTwoWide(), type);
    else if (int64_t{p.c} * p.k <= kManyWeights && cost<StrideTwo>(p) < cost<StrideTwoSmall>(p)) body(StrideTwo(), type);
    else body(StrideTwoSmall(), type);
  });
}

template <class Scheme, class Transform>
const typename Scheme::Number* transformed_weights(const Conv2d& p, const Weight& w, WeightForm form, Transform transform) {
  using Number = typename Scheme::Number;
  static_assert(sizeof(Number) == sizeof(float));
  return reinterpret_cast<const Number*>(
      packed_weight(w, form, transformed_numbers<Scheme>(p), [&](float* to) { transform(reinterpret_cast<Number*>(to)); }));
}

std::atomic<bool> winograd_allowed = true;

}  // namespace

void allow_winograd(bool allowed) { winograd_allowed = allowed; }
bool multiply_bf16_in_winograd(bool bf16) { return bf16_products.exchange(bf16); }

bool goes_by_winograd(const Conv2d& p) {
  if (!winograd_allowed || p.dtype == DType::f64 || p.groups != 1 || p.dilation_h != 1 || p.dilation_w != 1) return false;
  if (p.c % kTileLanes != 0 || p.k % kTileLanes != 0 || p.c < kLeastChannels || p.k < kLeastChannels || p.stride_h != p.stride_w) return false;
  const auto [least, most] = std::minmax(p.r, p.s);
  if (!(p.stride_h == 1 ? least == most && (most == 3 || most == 4) : p.stride_h == 2 && least >= 3 && most <= 5)) return false;
  if (int64_t{p.c} * p.k > kMostWeights) return false;
  // Where the processor multiplies bf16, at twice the rate, f32 must save half the products more. With few channels, or missing taps, the
  // transforms outweigh what is left to save.
  const bool against_bf16 = p.dtype == DType::bf16 && has_avx512();
  if (against_bf16 && p.c * p.k < 32 * 64) return false;
  bool wins = false;
  with_scheme(p, [&]<class Scheme, class T>(Scheme, T) {
    // One of 3x3 and stride 2, too, is transformed as if it had 4x4 taps, of which sums take nine.
    constexpr int kReach = Scheme::kStride * Scheme::kTaps;
    const int taps = std::max(p.r, p.s) == 3 ? p.r * p.s : kReach * kReach;
    const bool multiplies_f32 = kTerms<typename Scheme::Number> == 1;
    const double least_saving = !against_bf16 ? 1 : multiplies_f32 ? 2 : taps < kReach * kReach ? 4.0 / 3 : 1;
    wins = least_saving * cost<Scheme>(p) <= int64_t{p.n} * p.p * p.q * taps;
  });
  return wins;
}

void forward_by_winograd(const Conv2d& p, const void* x, const Weight& w, void* y, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  with_scheme(p, [&]<class Scheme, class T>(Scheme, T) {
    const auto u = transformed_weights<Scheme>(p, w, WeightForm::winograd, [&](typename Scheme::Number* to) {
      transform_weights<Scheme>(p, static_cast<const T*>(w.data), to);
    });
    forward<Scheme>(p, static_cast<const T*>(x), u, static_cast<T*>(y), epilogue);
  });
}

void data_gradient_by_winograd(const Conv2d& p, const void* dy, const Weight& w, void* dx, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  with_scheme(p, [&]<class Scheme, class T>(Scheme, T) {
    constexpr bool kTurned = Scheme::kStride == 1;
    const auto u = transformed_weights<Scheme>(p, w, WeightForm::winograd_transposed, [&](typename Scheme::Number* to) {
      transform_weights_transposed<Scheme, kTurned>(p, static_cast<const T*>(w.data), to);
    });
    const T* const from = static_cast<const T*>(dy);
    T* const to = static_cast<T*>(dx);
    if constexpr (kTurned) forward<Scheme>(turned_convolution(p), from, u, to, epilogue);
    else adjoint<Scheme>(p, from, u, to, epilogue);
  });
}

void weight_gradient_by_winograd(const Conv2d& p, const void* x, const void* dy, void* dw) {
  auto lock = lock_onednn();
  with_scheme(p, [&]<class Scheme, class T>(Scheme, T) {
    weight_gradient<Scheme>(p, static_cast<const T*>(x), static_cast<const T*>(dy), static_cast<float*>(dw));
  });
}

}  // namespace ganymede::kernels::cpu
