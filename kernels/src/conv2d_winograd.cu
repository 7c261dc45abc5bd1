// Convolution with 3x3 filters of stride 1 in strict f32 by Winograd's form F(4x4, 3x3) (Lavin and Gray 2016; the maps A, B and G stand in
// device/winograd_maps.h), on tiles of 4 x 4 results y, which read 6 x 6 pixels d:
//   y  = f(bias[k] + A [ sum over c of (G w G') .* (B d B') ] A' + residual)     36 products for each channel, where plain sums take 144
//   dw = G' [ sum over tiles of (A' dy A) .* (B d B') ] G
// The data gradient is the forward of dy with filters turned by 180 degrees. Filters are transformed once, to [36, K, C]; then the tiles go in slices of some
// 40 MB, so that the second cache passes them on, in three launches each: pixels to [36, tiles, C], 36 products of matrices by the tiles of gemm_f32.cu,
// and the way back. The weight gradient transforms both images, multiplies along the tiles, and adds each slice to dw, in their order.
// A thread of a transform owns one channel of one tile (of filters: one c of one k), all 36 numbers in registers. Its neighbours own the next channels, whatever
// their number: both sides are coalesced, 128 bytes a warp, without vectors or tails. Zeros and borders outside the image are found as it is read.
// Moves x once (2.25 times out of the first cache), 2.25 x written and read again, as much of y, y once; w once, and its transform, four times as large, twice. Bound:
// transforms by the second cache, products by FMA, of which there are four times fewer. Expected to pay from about 64 channels on both sides; below, what is moved
// outweighs what is saved. Rounding costs ten to twenty times what plain sums lose (2e-6 at 128 channels), and a NaN spreads over its tile, in dw over its filters.
#include "kernels/device/conv_launch.h"
#include "kernels/device/gemm_problem.h"
#include "kernels/device/winograd_plan.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int kSide = WinogradMaps::kSide, kOut = WinogradMaps::kOut, kTaps = WinogradMaps::kTaps;

// The maps as types: a kernel's parameter, and numbers that are known where code is made of them.
struct OfImage { static constexpr auto kMap = WinogradMaps::kInput; };                      // B
struct OfFilter { static constexpr auto kMap = WinogradMaps::kFilter; };                    // G
struct OfResult { static constexpr auto kMap = WinogradMaps::kOutput; };                    // A
struct OfGradient { static constexpr auto kMap = WinogradMaps::kOutput.transposed(); };     // A'
struct OfWeights { static constexpr auto kMap = WinogradMaps::kFilter.transposed(); };      // G'

template <int rows, int columns>
constexpr int row_count(const LinearMap<rows, columns>&) { return rows; }
template <int rows, int columns>
constexpr int column_count(const LinearMap<rows, columns>&) { return columns; }
template <class Of>
constexpr int kTo = row_count(Of::kMap);
template <class Of>
constexpr int kFrom = column_count(Of::kMap);

// f(0), f(1), ... with numbers that are types.
template <int kCount, class F>
__device__ __forceinline__ void unrolled(F&& f) {
  [&]<int... i>(std::integer_sequence<int, i...>) { (f(std::integral_constant<int, i>{}), ...); }(std::make_integer_sequence<int, kCount>{});
}

template <class Of, int row, int column>
constexpr bool is_first_term() {
  for (int j = 0; j < column; ++j)
    if (Of::kMap.at[row][j] != 0) return false;
  return true;
}

// The sum over j of the map's row times x[j], without the terms that are 0.
template <class Of, int row>
__device__ __forceinline__ float sum_of_row(const float (&x)[kFrom<Of>]) {
  float sum = 0;
  unrolled<kFrom<Of>>([&](auto j) {
    constexpr float factor = Of::kMap.at[row][j];
    if constexpr (factor != 0) {
      if constexpr (is_first_term<Of, row, j>()) sum = factor == 1 ? x[j] : factor * x[j];
      else if constexpr (factor == 1) sum += x[j];
      else if constexpr (factor == -1) sum -= x[j];
      else sum += factor * x[j];
    }
  });
  return sum;
}

// M in M' for in(i, j) = load(i, j); each value goes to store(i, j, value).
template <class Of, class Load, class Store>
__device__ __forceinline__ void transform(Load load, Store store) {
  float half[kTo<Of>][kFrom<Of>];
  unrolled<kFrom<Of>>([&](auto j) {
    float column[kFrom<Of>];
    unrolled<kFrom<Of>>([&](auto i) { column[i] = load(i, j); });
    unrolled<kTo<Of>>([&](auto i) { half[i][j] = sum_of_row<Of, i>(column); });
  });
  unrolled<kTo<Of>>([&](auto i) { unrolled<kTo<Of>>([&](auto j) { store(i, j, sum_of_row<Of, j>(half[i])); }); });
}

// One axis of the pixels that tiles read: pixel i of the image with its border around it, or -1 where there is none.
struct TileAxis {
  int pad, extent;
  BorderAxis border;
  bool bordered;
  __device__ int own(int i) const {
    if (bordered) return i < extent + 2 * pad ? border.own(i) : -1;
    return i - pad >= 0 && i - pad < extent ? i - pad : -1;
  }
};

// Which tile an item of a slice is.
struct TileNumbers {
  FastDivide channels, columns, rows;
  int first;   // tile of the slice
  struct Place {
    int channel, image, top, left;
  };
  __device__ Place place(int item) const {
    Place p;
    p.channel = channels.split(item);
    item += first;
    p.left = columns.split(item) * kOut;
    p.top = rows.split(item) * kOut;
    p.image = item;
    return p;
  }
};
TileNumbers numbers_of(const WinogradCut& cut, int channels, int first) {
  return {FastDivide(channels), FastDivide(cut.columns), FastDivide(cut.rows), first};
}

// An image [N, H, W, C], whose tiles become to[36, tiles, C].
struct ImageTiles {
  TileNumbers numbers;
  TileAxis down, across;
  const float* from;
  float* to;
  int items;   // tiles x C
};

template <class Of>
__global__ void __launch_bounds__(kThreads) transform_image_kernel(const __grid_constant__ ImageTiles t) {
  for (int64_t item = first_item(); item < t.items; item += item_stride()) {
    const TileNumbers::Place at = t.numbers.place(static_cast<int>(item));
    int row[kFrom<Of>], column[kFrom<Of>];
#pragma unroll
    for (int i = 0; i < kFrom<Of>; ++i) {
      row[i] = t.down.own(at.top + i);
      column[i] = t.across.own(at.left + i);
    }
    transform<Of>(
        [&](int i, int j) {
          if (row[i] < 0 || column[j] < 0) return 0.0f;
          return t.from[((at.image * t.down.extent + row[i]) * t.across.extent + column[j]) * t.numbers.channels.divisor + at.channel];
        },
        [&](int i, int j, float value) { t.to[(i * kSide + j) * t.items + item] = value; });
  }
}

// Filters [K, 3, 3, C], as they lie or turned by 180 degrees, to u[36, K, C].
__global__ void __launch_bounds__(kThreads) transform_filters_kernel(const float* w, float* u, FastDivide channels, int filters, bool turned) {
  for (int64_t item = first_item(); item < filters; item += item_stride()) {
    int k = static_cast<int>(item);
    const int c = channels.split(k);
    const float* const filter = w + int64_t{k} * (kTaps * kTaps) * channels.divisor + c;
    transform<OfFilter>(
        [&](int r, int s) {
          const int tap = r * kTaps + s;
          return filter[(turned ? kTaps * kTaps - 1 - tap : tap) * channels.divisor];
        },
        [&](int i, int j, float value) { u[(i * kSide + j) * filters + item] = value; });
  }
}

// Products [36, tiles, K] to y [N, rows, columns, K].
struct ResultTiles {
  TileNumbers numbers;
  const float* from;
  int items;            // tiles x K
  int rows, columns;    // of y
  Result y;
};

__global__ void __launch_bounds__(kThreads) transform_result_kernel(const __grid_constant__ ResultTiles t) {
  for (int64_t item = first_item(); item < t.items; item += item_stride()) {
    const TileNumbers::Place at = t.numbers.place(static_cast<int>(item));
    const int channels = t.numbers.channels.divisor;
    const float bias = t.y.bias ? t.y.bias[at.channel] : 0.0f;
    float y[kOut * kOut];
    transform<OfResult>([&](int i, int j) { return t.from[(i * kSide + j) * t.items + item]; }, [&](int i, int j, float value) { y[i * kOut + j] = value + bias; });
    const int64_t first = (int64_t{at.image} * t.rows + at.top) * t.columns + at.left;
    const auto each_inside = [&](auto&& f) {
#pragma unroll
      for (int i = 0; i < kOut; ++i) {
#pragma unroll
        for (int j = 0; j < kOut; ++j) {
          if (at.top + i < t.rows && at.left + j < t.columns) f(y[i * kOut + j], (first + i * t.columns + j) * channels + at.channel);
        }
      }
    };
    if (t.y.beside) each_inside([&](float& value, int64_t place) { value = t.y.met(value, static_cast<const float*>(t.y.beside)[place]); });
    activate_run(t.y, y);
    each_inside([&](float value, int64_t place) { static_cast<float*>(t.y.data)[place] = value; });
  }
}

// Sums u[36, K, C] of a slice to dw [K, 3, 3, C], or added to it.
__global__ void __launch_bounds__(kThreads) transform_weights_kernel(const float* u, float* dw, FastDivide channels, int filters, bool add) {
  for (int64_t item = first_item(); item < filters; item += item_stride()) {
    int k = static_cast<int>(item);
    const int c = channels.split(k);
    float* const filter = dw + int64_t{k} * (kTaps * kTaps) * channels.divisor + c;
    transform<OfWeights>([&](int i, int j) { return u[(i * kSide + j) * filters + item]; },
                         [&](int r, int s, float value) {
                           float& to = filter[(r * kTaps + s) * channels.divisor];
                           to = add ? to + value : value;
                         });
  }
}

constexpr Epilogue kNone{nullptr, Unary::identity, 0};

struct Workspace {
  float *filters, *in, *out;
};
Workspace workspace_of(Conv2dRole role, const Conv2d& p, const WinogradCut& cut, void* memory) {
  if (!memory) throw std::runtime_error("conv2d: Winograd's form needs a workspace of " + std::to_string(winograd_workspace(role, p)) + " bytes, has none");
  float* const filters = static_cast<float*>(memory);
  float* const in = filters + int64_t{kWinogradPoints} * p.k * p.c;
  return {filters, in, in + int64_t{kWinogradPoints} * cut.slice * (role == Conv2dRole::data_gradient ? p.k : p.c)};
}

TileAxis axis_of(int extent, int pad, Padding border) { return {pad, extent, border_axis(extent, pad, border), border != Padding::zero}; }

template <class Of>
void transform_image(Stream stream, const WinogradCut& cut, int first, int tiles, TileAxis down, TileAxis across, int channels, const void* image, float* to) {
  const ImageTiles t{numbers_of(cut, channels, first), down, across, static_cast<const float*>(image), to, tiles * channels};
  launch(transform_image_kernel<Of>, blocks_for(t.items), kThreads, stream, t);
}

// Of p's x and y, whichever those are; w [K, 3, 3, C] of the role's own problem.
void convolve(Stream stream, Conv2dRole role, const Conv2d& own, const void* x, const void* w, void* y, const Epilogue& epilogue, void* memory) {
  const bool turned = role == Conv2dRole::data_gradient;
  const Conv2d p = turned ? turned_convolution(own) : own;
  const WinogradCut cut = winograd_cut(role, own);
  const Workspace space = workspace_of(role, own, cut, memory);
  const int filters = own.k * own.c;
  launch(transform_filters_kernel, blocks_for(filters), kThreads, stream, static_cast<const float*>(w), space.filters, FastDivide(own.c), filters, turned);
  for (int first = 0; first < cut.tiles; first += cut.slice) {
    const int tiles = cut.tiles - first < cut.slice ? cut.tiles - first : cut.slice;
    transform_image<OfImage>(stream, cut, first, tiles, axis_of(p.h, p.pad_h, p.border), axis_of(p.w, p.pad_w, p.border), p.c, x, space.in);
    // Filters lie [K, C]: along the sum forward, across it in the data gradient.
    multiply_f32(stream, {kWinogradPoints, tiles, p.k, p.c, false, !turned, int64_t{tiles} * p.c, filters, DType::f32, DType::f32, Math::f32}, space.in, space.filters,
                 space.out, kNone, winograd_product_plan(role, own));
    const ResultTiles t{numbers_of(cut, p.k, first), space.out, tiles * p.k, p.p, p.q, result_of(y, false, p.k, epilogue)};
    launch(transform_result_kernel, blocks_for(t.items), kThreads, stream, t);
  }
}

}  // namespace

void convolve_forward_winograd(Stream stream, const Conv2d& p, const void* x, const void* w, void* y, const Epilogue& epilogue, void* workspace) {
  check_convolution(p, "forward");
  convolve(stream, Conv2dRole::forward, p, x, w, y, epilogue, workspace);
}

void convolve_data_gradient_winograd(Stream stream, const Conv2d& p, const void* dy, const void* w, void* dx, const Epilogue& epilogue, void* workspace) {
  check_convolution(p, "data gradient");
  convolve(stream, Conv2dRole::data_gradient, p, dy, w, dx, epilogue, workspace);
}

void convolve_weight_gradient_winograd(Stream stream, const Conv2d& p, const void* x, const void* dy, void* dw, void* workspace) {
  check_convolution(p, "weight gradient");
  const Conv2dRole role = Conv2dRole::weight_gradient;
  const WinogradCut cut = winograd_cut(role, p);
  const Workspace space = workspace_of(role, p, cut, workspace);
  const int filters = p.k * p.c;
  for (int first = 0; first < cut.tiles; first += cut.slice) {
    const int tiles = cut.tiles - first < cut.slice ? cut.tiles - first : cut.slice;
    transform_image<OfImage>(stream, cut, first, tiles, axis_of(p.h, p.pad_h, p.border), axis_of(p.w, p.pad_w, p.border), p.c, x, space.in);
    transform_image<OfGradient>(stream, cut, first, tiles, axis_of(p.p, 0, Padding::zero), axis_of(p.q, 0, Padding::zero), p.k, dy, space.out);
    multiply_f32(stream, {kWinogradPoints, p.k, p.c, tiles, true, false, int64_t{tiles} * p.k, int64_t{tiles} * p.c, DType::f32, DType::f32, Math::f32}, space.out,
                 space.in, space.filters, kNone, winograd_product_plan(role, p));
    launch(transform_weights_kernel, blocks_for(filters), kThreads, stream, space.filters, static_cast<float*>(dw), FastDivide(p.c), filters, first > 0);
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
