// Convolution to at most four channels (device/few_channels.h): data gradient of few inputs, forward of few outputs.
//   thin[n, h, w, c] = f(bias[c] + residual[n, h, w, c] + sum over taps of sums[position that meets (h, w) through the tap, (tap, c)])
//   sums[position, (tap, c)] = sum over k of wide[position, k] * filter(k, tap, c)
// A tile of eight or more columns for three channels would multiply mostly zeros and read every position once a tap. Instead
// all (tap, c) are the columns of one product, which uses tensor cores fully and reads a position once; its sums go to shared
// memory only, where the pixels gather them. A block owns a tile of pixels, a thread up to four of them; warps take 32 window
// positions at a time, as many rows of the window as shared memory holds. Strides take the place of zeros: a pixel meets only
// the taps of its phase. A border is read as the window's positions that it repeats; either image may be two tensors side by side. Moves wide once (and the windows' edges
// twice, from L2), thin once. Bound by memory up to about 16 (tap, c); beyond that by shared memory, where each sum is written
// and read once.
#include "kernels/device/conv_launch.h"
#include "kernels/device/conv_problem.h"
#include "kernels/device/few_words.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class T, class Pixels>
struct WideToFew {
  WideImage<T, Pixels> wide;                // [N, P, Q, K]
  bool vectors;
  ThinFilter<T> filter;
  Result thin;                              // [N, H, W, C]
  int height, width, thin_channels;
  int rows;                                 // of a tile
  FastDivide columns, tiles_across, tiles_down, stride_h, stride_w;
  ConvAxis vertical[kFewStride], horizontal[kFewStride];  // of each phase
  int first_row, first_column, window_rows;
  FastDivide window_columns;
  int filter_columns;                       // S
  int chunk_rows, pitch, blocks, filter_words, padded;
  int tiles;
  ImageChannels places;                     // of thin's channels, where they or wide's may lie in two tensors
};

// The lane's four words of two blocks of four positions; zeros outside. All loads are on their way before the first is used.
template <class T, class Pixels>
__device__ __forceinline__ void load_words(FourWords (&words)[2][4], const typename WideImage<T, Pixels>::Line (&lines)[4], int block, const WideToFew<T, Pixels>& job) {
  constexpr int kTerms = 4 * kWordTerms<T>;
  const int first = block * 4 * kTerms + simt::lane() % 4 * kTerms;
  if (job.vectors) {
#pragma unroll
    for (int b = 0; b < 2; ++b) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const bool there = job.wide.there(lines[i]) && first + b * 4 * kTerms < job.wide.channels;
        const Pack<uint32_t> pack = load_pack(reinterpret_cast<const uint32_t*>(there ? job.wide.at(lines[i], first + b * 4 * kTerms) : job.wide.data));
#pragma unroll
        for (int word = 0; word < 4; ++word) words[b][i].v[word] = there ? pack[word] : 0;
      }
    }
  } else {
#pragma unroll
    for (int b = 0; b < 2; ++b) {
      // Fewer loads on their way: in two tensors their addresses take more registers.
      if constexpr (!std::is_same_v<Pixels, PlainPixels>) simt::sync_warp();
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int word = 0; word < 4; ++word) {
          words[b][i].v[word] = stored_word<T>(word, [&](int index) {
            const int term = first + b * 4 * kTerms + index;
            return job.wide.there(lines[i]) && term < job.wide.channels ? *job.wide.at(lines[i], term) : T{};
          });
        }
      }
    }
  }
#pragma unroll
  for (int b = 0; b < 2; ++b) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int word = 0; word < 4; ++word) words[b][i].v[word] = operand_word<T>(words[b][i].v[word]);
    }
  }
}

// sums[(tap, c)][slot] for the rows [row, row + rows) of an image of wide, from column `column` on.
template <class T, class Pixels>
__device__ void project(const WideToFew<T, Pixels>& job, const FilterWords& filter, float* sums, int image, int row, int column, int rows) {
  const int lane = simt::lane();
  const int slots = rows * job.window_columns.divisor, units = (slots + 31) / 32, tiles = job.padded / 8, pairs = (tiles + 1) / 2;
  const int splits = units < 5 ? 8 / units : 1;  // of the columns, where there are fewer units than warps
#pragma unroll 1
  for (int item = simt::warp(); item < units * splits; item += kFewThreads / 32) {
    const int unit = item / splits, first_tile = item % splits;
    typename WideImage<T, Pixels>::Line lines[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      int slot = unit * 32 + i * 8 + lane / 4;
      bool inside = slot < slots;
      const int q = job.window_columns.split(slot) + column, p = slot + row;
      inside = inside && static_cast<unsigned>(p) < static_cast<unsigned>(job.wide.pixels.rows) &&
               static_cast<unsigned>(q) < static_cast<unsigned>(job.wide.pixels.columns);
      lines[i] = inside ? job.wide.line(image, p, q) : job.wide.nowhere();
    }
#pragma unroll 1
    for (int block = 0; block < job.blocks; block += 2) {
      FourWords a[2][4];
      load_words(a, lines, block, job);
#pragma unroll 1
      for (int pair = first_tile; pair < pairs; pair += splits) {
        // Two tiles of columns at once hide each other's latencies; the second may lie behind the last.
        float* to = sums + (pair * 16 + lane % 4 * 2) * job.pitch + unit * 32 + lane / 4;
        const auto place = [&](int t, int e) -> float& { return to[(t * 8 + e % 2) * job.pitch + e / 2 * 8]; };
        float d[2][2][4] = {};
        if (block > 0) {
#pragma unroll
          for (int e = 0; e < 16; ++e) {
            if (e < 8 || pair * 2 + 1 < tiles) d[e / 8][e / 4 % 2][e % 4] = place(e / 8, e % 8);
          }
        }
#pragma unroll
        for (int b = 0; b < 2; ++b) {
          if (block + b >= job.blocks) continue;
          FourWords f[2];
#pragma unroll
          for (int t = 0; t < 2; ++t) {
            const int column = pair * 16 + t * 8 + lane / 4;
            f[t] = filter.read(column < job.padded ? column : lane / 4, block + b);
          }
#pragma unroll
          for (int i = 0; i < 4; i += 2) {
#pragma unroll
            for (int e = 0; e < 4; ++e) {
              const int m = e % 2;
              const uint32_t half[2] = {f[e / 2].v[i], f[e / 2].v[i + 1]};
              const uint32_t x[4] = {a[b][2 * m].v[i], a[b][2 * m + 1].v[i], a[b][2 * m].v[i + 1], a[b][2 * m + 1].v[i + 1]};
              multiply_words<T>(d[e / 2][m], x, half);
            }
          }
        }
#pragma unroll
        for (int e = 0; e < 16; ++e) {
          if (e < 8 || pair * 2 + 1 < tiles) place(e / 8, e % 8) = d[e / 8][e / 4 % 2][e % 4];
        }
      }
    }
  }
}

template <class T, class Pixels, class Memory>
__global__ void __launch_bounds__(kFewThreads, 2) wide_to_few_kernel(const __grid_constant__ WideToFew<T, Pixels> job) {
  constexpr int kPixels = kFewPixels / kFewThreads;
  auto& memory = shared<Memory>();
  const FilterWords filter{memory.words, job.blocks};
  float* sums = reinterpret_cast<float*>(memory.words + job.filter_words);
  filter.template fill<T>(job.padded, [&](int column, int k) { return job.filter.at(k, column); });

#pragma unroll 1
  for (int tile = static_cast<int>(blockIdx.x); tile < job.tiles; tile += static_cast<int>(gridDim.x)) {
    int image = tile;
    const int first_w = job.tiles_across.split(image) * job.columns.divisor;
    const int first_h = job.tiles_down.split(image) * job.rows;
    const int window_row = first_h / job.stride_h.divisor + job.first_row;
    const int window_column = first_w / job.stride_w.divisor + job.first_column;
    float sum[kPixels][kFewChannels] = {};

#pragma unroll 1
    for (int done = 0; done < job.window_rows; done += job.chunk_rows) {
      const int rows = job.window_rows - done < job.chunk_rows ? job.window_rows - done : job.chunk_rows;
      simt::sync_threads();  // the filter is there, and nobody reads the sums of the chunk before
      project(job, filter, sums, image, window_row + done, window_column, rows);
      simt::sync_threads();
#pragma unroll
      for (int j = 0; j < kPixels; ++j) {
        int h = static_cast<int>(threadIdx.x) + j * kFewThreads;
        int w = job.columns.split(h);
        if (h >= job.rows) continue;
        // Row and column in the window, and the taps, of the pixel's phase.
        const ConvAxis& down = job.vertical[job.stride_h.split(h)];
        const ConvAxis& across = job.horizontal[job.stride_w.split(w)];
        const int row = h + down.origin - job.first_row - done, column = w + across.origin - job.first_column;
#pragma unroll 1
        for (int r = 0; r < down.tap_count; ++r) {
          const int here = row + r * down.tap_step;
          if (static_cast<unsigned>(here) >= static_cast<unsigned>(rows)) continue;
          const int tap = (down.tap_first + r * down.tap_stride) * job.filter_columns + across.tap_first;
          const float* from = sums + tap * job.thin_channels * job.pitch + here * job.window_columns.divisor + column;
          const int step = across.tap_stride * job.thin_channels * job.pitch + across.tap_step;
#pragma unroll 4
          for (int s = 0; s < across.tap_count; ++s, from += step) {
#pragma unroll
            for (int c = 0; c < kFewChannels; ++c) {
              if (c < job.thin_channels) sum[j][c] += from[c * job.pitch];
            }
          }
        }
      }
    }

#pragma unroll
    for (int j = 0; j < kPixels; ++j) {
      int h = static_cast<int>(threadIdx.x) + j * kFewThreads;
      const int w = job.columns.split(h) + first_w;
      if (h >= job.rows || h + first_h >= job.height || w >= job.width) continue;
      float y[4];
#pragma unroll
      for (int c = 0; c < kFewChannels; ++c) {
        const float bias = job.thin.bias && c < job.thin_channels ? job.thin.bias[c] : 0.0f;
        y[c] = sum[j][c] + bias;
      }
      const int64_t pixel = (static_cast<int64_t>(image) * job.height + first_h + h) * job.width + w;
      const auto offset = [&](int c) {
        if constexpr (std::is_same_v<Pixels, PlainPixels>) return pixel * job.thin_channels + c;
        else return job.places.offset(static_cast<int>(pixel), c);
      };
      if (job.thin.beside) meet_beside<T>(job.thin, offset, y, job.thin_channels);
      activate_run(job.thin, y);
      if constexpr (sizeof(T) == 2) {
        const Bf16 rounded[4] = {to_bf16(y[0]), to_bf16(y[1]), to_bf16(y[2]), to_bf16(y[3])};
        store_run(job.thin, offset, rounded, job.thin_channels);
      } else {
        store_run(job.thin, offset, y, job.thin_channels);
      }
    }
  }
}

}  // namespace

void convolve_wide_to_few(Stream stream, const Conv2d& p, ImageIn wide, const void* w, ImageOut thin, const Epilogue& epilogue) {
  check_convolution(p, has_few_inputs(p) ? "data gradient" : "forward");
  const ThinConv t = thin_conv(p);
  const WindowCut cut = wide_to_few_cut(t, p.dtype);
  const int thin_first = thin_channels_first(p), wide_first = wide_channels_first(p);
  const auto start = [&](auto element, auto memory, const auto& pixels) {
    using T = decltype(element);
    using Pixels = std::decay_t<decltype(pixels)>;
    const int across = ceil_div(t.w, cut.columns), down = ceil_div(t.h, cut.rows);
    WideToFew<T, Pixels> job{{static_cast<const T*>(wide.first), pixels, t.k}, readable_as_vectors<T>(wide, t.k, wide_first), ThinFilter<T>(t, w),
                     result_of(thin, p.dtype == DType::bf16, t.c, thin_first, epilogue), t.h, t.w, t.c, cut.rows, FastDivide(cut.columns),
                     FastDivide(across), FastDivide(down), FastDivide(t.stride_h), FastDivide(t.stride_w), {}, {}, cut.first_row,
                     cut.first_column, cut.window_rows, FastDivide(cut.window_columns), t.s, cut.chunk_rows, cut.pitch, cut.blocks,
                     cut.filter_words, ceil_div(t.columns(), 8) * 8, across * down * t.n, image_channels<T>(thin, t.c, thin_first)};
    for (int i = 0; i < t.stride_h; ++i) job.vertical[i] = gradient_axis(i, t.h, t.p, t.r, t.stride_h, t.pad_h, t.dilation_h);
    for (int i = 0; i < t.stride_w; ++i) job.horizontal[i] = gradient_axis(i, t.w, t.q, t.s, t.stride_w, t.pad_w, t.dilation_w);
    const int most = 2 * simt::multiprocessors();
    launch<decltype(memory)>(wide_to_few_kernel<T, Pixels, decltype(memory)>, dim3(static_cast<unsigned>(job.tiles < most ? job.tiles : most)),
                             dim3(kFewThreads), stream, job);
  };
  with_few(p.dtype, cut.words, [&](auto element, auto memory) {
    using T = decltype(element);
    if (needs_gather(p)) start(element, memory, gather_pixels<T>(wide_pixels(p, t), wide, t.k, wide_first));
    else start(element, memory, PlainPixels{t.p, t.q});
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
