// The twin of the weight gradient for sm_90a in tf32 (one group, strides up to 4):
//   dw[k, (r,s,c)] = sum over (n,p,q) of dy[(n,p,q), k] * x[n, h, w, c]
//   h = p*stride - pad + r*dilation, likewise w
// wgmma takes tf32 along the sum's terms alone, which are positions here. So a first kernel turns x and dy round, to lines of positions
// with zeros between their rows (device/turned_pixels.h), and rounds them to tf32 on the way; each may lie in two tensors. Then a block takes tiles of 128 output
// channels x 64 to 256 columns of one part of the sum (device/twin_weights.h): a step of the sum is 32 positions, and a tap is a shift of TMA's box along x, or along a copy of x that begins up to three positions earlier.
// Zeros of dy meet whatever stands in x there: a NaN in x may reach all taps of its channel, as one in dy meets the zeros of the
// padding.
// turn_pixels moves dy once and x up to four times (3x3: three times; 4x4 of stride 2: twice), and the zeros; a block moves a tile of
// 64 positions x 32 channels through shared memory, so that both sides are coalesced: bound by memory. The product moves dy once a tile column, x once a tap and tile row (from L2 after the first), dw
// 1 + 2 * parts times (parts > 1). Bound: tensor cores.
#include "kernels/device/conv_plan.h"
#include "kernels/device/twin_weights.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int kTurnPositions = 64, kTurnChannels = 32, kTurnRows = 8;   // of a tile; threads are kTurnChannels x kTurnRows

// One image [N, height, width, channels], in one tensor or two, and where its planes go.
struct Turn {
  const float* from;
  uint32_t* to;   // f32 rounded to tf32
  int height, width, channels;
  ImageChannels places;
  int stride_h, stride_w;
  int rows[kTurnedStride], columns[kTurnedStride];   // of a phase: all beyond are zeros
  TurnedPlanes planes;                               // of a phase of rows
  FastDivide row_pitch, column_pitch;                // rows of an image, positions of a row
  int images;
  int64_t length;                                    // positions of a channel
  int64_t position_tiles, channel_tiles, tiles;
};

struct TurnShared {
  float values[kTurnChannels][kTurnPositions + 1];
  int pixel[kTurnPositions];   // of a position; -1: none
};

__global__ void __launch_bounds__(kTurnChannels * kTurnRows) turn_pixels_kernel(const __grid_constant__ Turn x, const __grid_constant__ Turn dy) {
  auto& s = shared<TurnShared>();
  const int lane = static_cast<int>(threadIdx.x), row = static_cast<int>(threadIdx.y), thread = row * kTurnChannels + lane;
  for (int64_t job = blockIdx.x; job < x.tiles + dy.tiles; job += gridDim.x) {
    const Turn& t = job < x.tiles ? x : dy;
    const Division channel = divide(job < x.tiles ? job : job - x.tiles, t.channel_tiles), position = divide(channel.quotient, t.position_tiles);
    const int plane = static_cast<int>(position.quotient), down = plane / t.planes.count, across = t.planes.phase[plane % t.planes.count];
    const int64_t first = position.remainder * kTurnPositions;
    const int first_channel = static_cast<int>(channel.remainder) * kTurnChannels;
    if (thread < kTurnPositions) {
      const int at = static_cast<int>(first) + thread - t.planes.early[plane % t.planes.count];
      int n = at > 0 ? at : 0;
      const int j = t.column_pitch.split(n), i = t.row_pitch.split(n);
      const bool there = at >= 0 && n < t.images && i < t.rows[down] && j < t.columns[across];
      s.pixel[thread] = there ? (n * t.height + i * t.stride_h + down) * t.width + j * t.stride_w + across : -1;
    }
    simt::sync_threads();
    const ImageChannels::Place place = t.places.of(first_channel + lane);
    float value[kTurnPositions / kTurnRows];
#pragma unroll
    for (int i = 0; i < kTurnPositions / kTurnRows; ++i) {
      const int pixel = s.pixel[row + kTurnRows * i];
      value[i] = pixel >= 0 && first_channel + lane < t.channels ? t.from[pixel * place.pitch + place.offset] : 0.0f;
    }
#pragma unroll
    for (int i = 0; i < kTurnPositions / kTurnRows; ++i) s.values[lane][row + kTurnRows * i] = value[i];
    simt::sync_threads();
    for (int c = row; c < kTurnChannels && first_channel + c < t.channels; c += kTurnRows) {
      uint32_t* to = t.to + (int64_t{plane} * t.channels + first_channel + c) * t.length + first;
#pragma unroll
      for (int i = lane; i < kTurnPositions; i += kTurnChannels)
        if (first + i < t.length) to[i] = simt::to_tf32(s.values[c][i]);
    }
    simt::sync_threads();
  }
}

Turn turn_of(const ImageIn& from, int first, void* to, int images, int height, int width, int channels, const TurnedLayout& layout, int64_t length) {
  Turn t;
  t.from = static_cast<const float*>(from.first);
  t.places = image_channels<float>(from, channels, first);
  t.to = static_cast<uint32_t*>(to);
  t.images = images, t.height = height, t.width = width, t.channels = channels;
  t.row_pitch = FastDivide(layout.down.pitch);
  t.column_pitch = FastDivide(layout.across.pitch);
  t.length = length;
  t.position_tiles = ceil_div<int64_t>(t.length, kTurnPositions);
  t.channel_tiles = ceil_div(channels, kTurnChannels);
  return t;
}

}  // namespace

struct TurnedWeightGradient : TwinWeights {
  static constexpr Major kMajorA = Major::k, kMajorB = Major::k;
  TurnedAxis down, across;
  TurnedPlanes planes;
  FastDivide taps;   // of a filter row

  template <int kN>
  __device__ void load(const Fetch& at, int step, unsigned char* to_dy, unsigned char* to_x, simt::Mbarrier& full) const {
#if GANYMEDE_HOPPER_CODE
    const int position = (at.slice + step) * 32;
    simt::tma_load_tile(to_dy, dy, {position, at.row}, full);
#pragma unroll
    for (int i = 0; i < kN / 64; ++i) {
      // Blocks behind the last are filled with it: the bytes of a stage are always the same.
      int r = at.block + i < blocks ? at.block + i : blocks - 1;
      const int channel = lines.split(r) * 64, s = taps.split(r);
      const TurnedAxis::Meeting row = down.meeting(r);
      const TurnedPlanes::Box box = planes.box(across.meeting(s));
      simt::tma_load_tile(to_x + i * kTwinBlock, x, {position + row.shift * across.pitch + box.shift, channel, row.phase * planes.count + box.plane}, full);
    }
#endif
  }
};

namespace {

MapSpec turned_map(const float* data, int64_t length, int channels, int64_t planes, int lines) {
  MapSpec map;
  map.element = TensorElement::tf32;
  map.data = data;
  map.rank = planes > 0 ? 3 : 2;
  map.size[0] = uint64_t(length);
  map.size[1] = uint64_t(channels);
  map.size[2] = uint64_t(planes);
  map.stride[0] = uint64_t(length) * sizeof(float);
  map.stride[1] = uint64_t(channels) * map.stride[0];
  map.box[0] = 32;
  map.box[1] = static_cast<uint32_t>(lines);
  map.box[2] = 1;
  return map;
}

}  // namespace

void convolve_weight_gradient_turned(Stream stream, const Conv2d& p, ImageIn x, ImageIn dy, float* dw, float* parts, float* turned, TilePlan plan) {
  const TurnedLayout layout = turned_layout(p);
  float *turned_dy = turned, *turned_x = turned + layout.dy_elements(p);
  Turn of_x = turn_of(x, p.c_first, turned_x, p.n, p.h, p.w, p.c, layout, layout.x_length()), of_dy = turn_of(dy, p.k_first, turned_dy, p.n, p.p, p.q, p.k, layout, layout.length);
  of_x.stride_h = p.stride_h, of_x.stride_w = p.stride_w;
  for (int phase = 0; phase < kTurnedStride; ++phase) of_x.rows[phase] = layout.down.count[phase], of_x.columns[phase] = layout.across.count[phase];
  of_x.planes = layout.planes;
  of_x.tiles = layout.x_planes() * of_x.position_tiles * of_x.channel_tiles;
  of_dy.stride_h = of_dy.stride_w = 1;
  of_dy.rows[0] = p.p, of_dy.columns[0] = p.q;
  of_dy.planes.count = 1;
  of_dy.tiles = of_dy.position_tiles * of_dy.channel_tiles;
  launch<TurnShared>(turn_pixels_kernel, grid_of(of_x.tiles + of_dy.tiles), dim3(kTurnChannels, kTurnRows), stream, of_x, of_dy);

  TurnedWeightGradient problem{{p, plan, static_cast<int>(ceil_div<int64_t>(layout.length, 32)), plan.parts > 1 ? parts : dw},
                               layout.down, layout.across, layout.planes, FastDivide(p.s)};
  problem.x = make_map(turned_map(turned_x, layout.x_length(), p.c, layout.x_planes(), 64));
  problem.dy = make_map(turned_map(turned_dy, layout.length, p.k, 0, TwinWide::kM));
  with_twin_tile(plan.tile, [&]<class Tile>(Tile) { launch_twin<MmaTf32, Tile>(stream, problem, p.k, problem.blocks * 64); });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
