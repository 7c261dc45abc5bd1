// Weight gradient of a convolution with at most four channels on one side (device/few_channels.h):
//   f(k, (r, s, c)) = sum over positions of wide[position, k] * thin[window of the position at (r, s, c)]
// A block owns 64 wide channels x up to 192 (tap, c) and one part of the sum: rectangles of 128 positions, whose wide values it
// stages in shared memory with the patch of the image under them. Its eight warps share the work: 32 channels x 48 (tap, c)
// each, and where these are few, also the positions of a rectangle. Terms of windows are gathered straight into the operands of
// the tensor cores. The parts are as many as fill a large GPU twice, whatever runs them, and a second kernel adds them in their
// order: equal bits on every card. A border of x is filled in where x is staged; x and dy may each be two tensors. Moves wide once and thin once (and the
// patches' edges twice), f 1 + 2 * parts times, from L2. Bound by memory; from about 7 x 7 taps on by the gathers out of shared
// memory.
#include "kernels/device/conv_launch.h"
#include "kernels/device/conv_problem.h"
#include "kernels/device/few_words.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int kBusyParts = 264;                        // blocks that work side by side; a constant, as kBusyBlocks
constexpr int kWarpTiles = 6, kMostTiles = 24;         // 8 (tap, c) each: of a warp, of a block
constexpr int kMergeColumns = 32, kMergeRows = 8;      // of a block that adds the parts
static_assert(kWeightChannels * kMostTiles * 8 <= kFewSmallWords);

// How a gradient is shared among blocks: so many products of 64 channels x `tiles` * 8 (tap, c), each in `parts` parts.
struct WeightCut {
  int rectangles, channel_blocks, tile_blocks, tiles, parts;
};
WeightCut weight_shares(const ThinConv& t, const ThinCut& cut) {
  const int tiles = ceil_div(t.columns(), 8), tile_blocks = ceil_div(tiles, kMostTiles), channel_blocks = ceil_div(t.k, kWeightChannels);
  const int rectangles = ceil_div(t.p, cut.rows) * ceil_div(t.q, cut.columns) * t.n;
  const int most = kBusyParts / (tile_blocks * channel_blocks);
  return {rectangles, channel_blocks, tile_blocks, ceil_div(tiles, tile_blocks), rectangles < most ? rectangles : most};
}

template <class T, class Pixels>
struct FewWeights {
  PatchCopy<T, Pixels> patch;
  PatchTaps taps;
  ThinFilter<float> gradient;                // data: dw, or the parts
  float* parts;
  int64_t part_size;
  WideImage<T, Pixels> wide;                 // [N, P, Q, K]
  bool vectors;
  int rows;                                  // of a rectangle
  FastDivide columns, tiles_across, tiles_down;
  int patch_columns, thin_channels, stride_h, stride_w, pad_h, pad_w;
  WeightCut cut;
  int groups;                                // of the (tap, c): 1 to 4, a warp has one of them
};

// wide[position][channel] of a rectangle.
template <class T>
struct WideStage {
  static constexpr int kPitch = kWeightChannels + 8;  // neither ldmatrix nor the reads of words meet conflicts
  alignas(16) T values[kWeightPositions][kPitch];
  int windows[kWeightPositions];  // where a position's window begins in the patch; -1: no position
};

template <class T, class Pixels>
__device__ void stage_wide(const FewWeights<T, Pixels>& job, WideStage<T>& stage, int image, int first_p, int first_q, int channel) {
  constexpr int kVector = Pack<T>::kSize, kVectors = kWeightChannels / kVector;
#pragma unroll 1
  for (int i = static_cast<int>(threadIdx.x); i < kWeightPositions * kVectors; i += kFewThreads) {
    int p = i / kVectors;
    T* to = &stage.values[p][i % kVectors * kVector];
    const int k = channel + i % kVectors * kVector;
    const int q = job.columns.split(p) + first_q;
    const bool inside = p < job.rows && p + first_p < job.wide.pixels.rows && q < job.wide.pixels.columns;
    const auto from = job.wide.line(image, p + first_p, q);
    if (job.vectors) {
      const bool there = inside && k < job.wide.channels;
      simt::cp_async<16>(to, there ? job.wide.at(from, k) : job.wide.data, there);
    } else {
#pragma unroll
      for (int j = 0; j < kVector; ++j) to[j] = inside && k + j < job.wide.channels ? *job.wide.at(from, k + j) : T{};
    }
  }
  for (int i = static_cast<int>(threadIdx.x); i < kWeightPositions; i += kFewThreads) {
    int p = i;
    const int q = job.columns.split(p);
    const bool inside = p < job.rows && p + first_p < job.wide.pixels.rows && q + first_q < job.wide.pixels.columns;
    stage.windows[i] = inside ? (p * job.stride_h * job.patch_columns + q * job.stride_w) * job.thin_channels : -1;
  }
  simt::cp_async_commit();
}

// a[16 channels][positions of one instruction], transposed out of the stage.
__device__ __forceinline__ void read_channels(uint32_t (&a)[4], const WideStage<Bf16>& stage, int channel, int position) {
  const int lane = simt::lane();
  simt::ldmatrix_x4_trans(a, &stage.values[position + lane % 8 + lane / 16 * 8][channel + lane / 8 % 2 * 8]);
}
__device__ __forceinline__ void read_channels(uint32_t (&a)[4], const WideStage<float>& stage, int channel, int position) {
  const int lane = simt::lane();
#pragma unroll
  for (int i = 0; i < 4; ++i) a[i] = simt::to_tf32(stage.values[position + lane % 4 + i / 2 * 4][channel + lane / 4 + i % 2 * 8]);
}

template <class T, class Pixels>
__global__ void __launch_bounds__(kFewThreads, 2) few_weights_kernel(const __grid_constant__ FewWeights<T, Pixels> job) {
  auto& memory = shared<FewShared<kFewSmallWords>>();
  auto& stage = *reinterpret_cast<WideStage<T>*>(memory.words);
  T* patch = reinterpret_cast<T*>(memory.words + sizeof(WideStage<T>) / 4);
  constexpr int kDepth = 8 * kWordTerms<T>;  // positions of one instruction

  const int part = static_cast<int>(blockIdx.x) % job.cut.parts, product = static_cast<int>(blockIdx.x) / job.cut.parts;
  const int first_channel = product / job.cut.tile_blocks * kWeightChannels, first_tile = product % job.cut.tile_blocks * job.cut.tiles;
  // A warp's channels, (tap, c) and, of each rectangle, every so manieth positions.
  const int lane = simt::lane(), channel = simt::warp() % 2 * 32, group = simt::warp() / 2 % job.groups;
  const int share = simt::warp() / 2 / job.groups, shares = 4 / job.groups;
  const int tiles_each = ceil_div(job.cut.tiles, job.groups), own_tile = group * tiles_each;
  const int left = job.cut.tiles - own_tile, tiles = share >= shares ? 0 : left < tiles_each ? left : tiles_each;
  int offsets[kWarpTiles];
#pragma unroll
  for (int j = 0; j < kWarpTiles; ++j) {
    const int offset = job.taps.offset((first_tile + own_tile + j) * 8 + lane / 4);
    offsets[j] = offset > 0 ? offset : 0;  // columns behind the last are not stored
  }
  float d[2][kWarpTiles][4] = {};

#pragma unroll 1
  for (int rectangle = part; rectangle < job.cut.rectangles; rectangle += job.cut.parts) {
    int image = rectangle;
    const int first_q = job.tiles_across.split(image) * job.columns.divisor;
    const int first_p = job.tiles_down.split(image) * job.rows;
    simt::sync_threads();  // nobody reads the rectangle before
    stage_wide(job, stage, image, first_p, first_q, first_channel);
    job.patch.copy(image, first_p * job.stride_h - job.pad_h, first_q * job.stride_w - job.pad_w, job.thin_channels, patch);
    simt::cp_async_wait<0>();
    simt::sync_threads();
    if (tiles <= 0) continue;
#pragma unroll 1
    for (int position = share * kDepth; position < kWeightPositions; position += shares * kDepth) {
      uint32_t a[2][4];
      read_channels(a[0], stage, channel, position);
      read_channels(a[1], stage, channel + 16, position);
      // Register i of b: bf16 positions 2 * (lane % 4) + i * 8 and the next, tf32 position lane % 4 + i * 4.
      int windows[2][kWordTerms<T>];
#pragma unroll
      for (int i = 0; i < 2; ++i) {
#pragma unroll
        for (int t = 0; t < kWordTerms<T>; ++t)
          windows[i][t] = stage.windows[position + lane % 4 * kWordTerms<T> + i * (kDepth / 2) + t];
      }
#pragma unroll
      for (int j = 0; j < kWarpTiles; ++j) {
        if (j >= tiles) continue;
        uint32_t b[2];
#pragma unroll
        for (int i = 0; i < 2; ++i)
          b[i] = gather_word<T>(0, [&](int t) { return windows[i][t] >= 0 ? patch[windows[i][t] + offsets[j]] : T{}; });
        multiply_words<T>(d[0][j], a[0], b);
        multiply_words<T>(d[1][j], a[1], b);
      }
    }
  }

  // The shares of the positions are added in their order, in shared memory.
  float* results = reinterpret_cast<float*>(memory.words);
  const int pitch = job.cut.tiles * 8;
  for (int turn = 0; turn < shares; ++turn) {
    simt::sync_threads();
    if (turn != share) continue;
#pragma unroll
    for (int j = 0; j < kWarpTiles; ++j) {
      if (j >= tiles) continue;
#pragma unroll
      for (int e = 0; e < 8; ++e) {
        float& result = results[(channel + e / 2 * 8 + lane / 4) * pitch + (own_tile + j) * 8 + lane % 4 * 2 + e % 2];
        result = turn == 0 ? d[e / 4][j][e % 4] : result + d[e / 4][j][e % 4];
      }
    }
  }
  simt::sync_threads();
  float* to = job.parts + part * job.part_size;
  const bool along_channels = job.gradient.wide_step == 1;
  for (int i = static_cast<int>(threadIdx.x); i < kWeightChannels * pitch; i += kFewThreads) {
    const int k = along_channels ? i % kWeightChannels : i / pitch, column = along_channels ? i / kWeightChannels : i % pitch;
    const int all = first_tile * 8 + column;
    if (first_channel + k < job.wide.channels && all < job.gradient.columns)
      to[job.gradient.offset(first_channel + k, all)] = results[k * pitch + column];
  }
}

struct MergeSums {
  float of[kMergeRows][kMergeColumns];
};

// dw[i] = sum of parts[part][i]: each of eight threads adds every eighth part, then one adds the eight.
__global__ void __launch_bounds__(kMergeColumns* kMergeRows) merge_few_weights_kernel(float* dw, const float* parts, int count, int splits) {
  auto& sums = shared<MergeSums>();
  const int row = static_cast<int>(threadIdx.y), column = static_cast<int>(threadIdx.x);
  const int i = static_cast<int>(blockIdx.x) * kMergeColumns + column;
  float sum = 0;
  if (i < count) {
#pragma unroll 8
    for (int part = row; part < splits; part += kMergeRows) sum += parts[static_cast<int64_t>(part) * count + i];
  }
  sums.of[row][column] = sum;
  simt::sync_threads();
  if (row > 0 || i >= count) return;
#pragma unroll
  for (int other = 1; other < kMergeRows; ++other) sum += sums.of[other][column];
  dw[i] = sum;
}

}  // namespace

size_t few_weights_workspace(const Conv2d& p) {
  const ThinConv t = thin_conv(p);
  const int parts = weight_shares(t, weight_cut(t, p.dtype)).parts;
  return parts > 1 ? sizeof(float) * parts * t.k * t.columns() : 0;
}

void convolve_few_weights(Stream stream, const Conv2d& p, ImageIn x, ImageIn dy, void* dw, void* workspace) {
  check_convolution(p, "weight gradient");
  const ThinConv t = thin_conv(p);
  const ThinCut cut = weight_cut(t, p.dtype);
  const WeightCut shares = weight_shares(t, cut);
  const ImageIn thin = has_few_inputs(p) ? x : dy, wide = has_few_inputs(p) ? dy : x;
  const int thin_first = thin_channels_first(p), wide_first = wide_channels_first(p);
  const int count = t.k * t.columns();
  const auto start = [&](auto element, const auto& of_thin, const auto& of_wide) {
    using T = decltype(element);
    using Pixels = std::decay_t<decltype(of_thin)>;
    const int across = ceil_div(t.q, cut.columns), down = ceil_div(t.p, cut.rows);
    const FewWeights<T, Pixels> job{patch_copy<T>(t, cut, thin.first, of_thin), patch_taps(t, cut), ThinFilter<float>(t, dw),
                            static_cast<float*>(shares.parts > 1 ? workspace : dw), count, {static_cast<const T*>(wide.first), of_wide, t.k},
                            readable_as_vectors<T>(wide, t.k, wide_first), cut.rows, FastDivide(cut.columns), FastDivide(across),
                            FastDivide(down), cut.patch_columns, t.c, t.stride_h, t.stride_w, t.pad_h, t.pad_w, shares,
                            ceil_div(shares.tiles, kWarpTiles)};
    launch<FewShared<kFewSmallWords>>(few_weights_kernel<T, Pixels>, dim3(static_cast<unsigned>(shares.parts * shares.channel_blocks * shares.tile_blocks)),
                                      dim3(kFewThreads), stream, job);
  };
  const auto with_pixels = [&](auto element) {
    using T = decltype(element);
    if (needs_gather(p)) start(element, gather_pixels<T>(thin_pixels(p, t), thin, t.c, thin_first), gather_pixels<T>(wide_pixels(p, t), wide, t.k, wide_first));
    else start(element, PlainPixels{t.h, t.w}, PlainPixels{t.p, t.q});
  };
  if (p.dtype == DType::bf16) with_pixels(Bf16{});
  else with_pixels(float{});
  if (shares.parts > 1) {
    launch<MergeSums>(merge_few_weights_kernel, dim3(static_cast<unsigned>(ceil_div(count, kMergeColumns))), dim3(kMergeColumns, kMergeRows), stream,
                 static_cast<float*>(dw), static_cast<const float*>(workspace), count, shares.parts);
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
