// Convolution from at most four channels (device/few_channels.h): forward of few inputs, data gradient of few outputs.
//   wide[n, p, q, k] = f(bias[k] + sum over (r, s, c) of thin[n, h, w, c] * filter(k, (r, s), c))
// A block owns 256 positions, a rectangle, with all their channels, and goes on to further rectangles; a warp owns 32 of the
// positions. The patch of the image under the rectangle lies in shared memory (bytes of it are read from there as often as
// windows overlap), the whole filter too. A window's terms are gathered straight into the operands of the tensor cores by a
// table of where each lies; columns of the product are dealt out so that a lane ends with eight neighbouring channels, which it
// writes as one or two vectors. A border, and what lies in two tensors, is put together as a patch is copied; wide too may be two. A mask
// (Epilogue::mask) is read as wide is written, a residual would take registers that are not there. Moves thin once (and the patches' edges twice),
// wide once. Bound by memory: wide is 20 and more times larger than thin; from about 7 x 7 taps on by the gathers out of shared
// memory.
#include "kernels/device/conv_launch.h"
#include "kernels/device/conv_problem.h"
#include "kernels/device/few_words.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class T, class Pixels>
struct FewToWide {
  PatchCopy<T, Pixels> patch;
  PatchTaps taps;
  ThinFilter<T> filter;
  Result wide;                               // [N, P, Q, K]
  bool vectors;                              // eight channels of wide are aligned, and inside as a whole
  int wide_rows, wide_columns, channels;
  int rows;                                  // of a rectangle
  FastDivide columns, tiles_across, tiles_down;
  int patch_columns, thin_channels, stride_h, stride_w, pad_h, pad_w;
  int blocks, filter_words, padded;          // padded: channels
  int tiles;
  ImageChannels places;                      // of wide's channels, where they or thin's may lie in two tensors
};

// Which of the filter's channels is column `slot` of the product: lane % 4 owns eight of each 32.
__device__ inline int channel_of_slot(int slot) { return slot / 32 * 32 + slot % 8 / 2 * 8 + slot / 8 % 4 * 2 + slot % 2; }

template <class T, class Pixels>
__device__ __forceinline__ void store_channels(const FewToWide<T, Pixels>& job, int64_t offset, int channel, float (&y)[8]) {
  if (channel >= job.channels) return;
  const auto at = [&](int c) {   // offset: of the pixel's first channel, or its number
    if constexpr (std::is_same_v<Pixels, PlainPixels>) return offset + c;
    else return job.places.offset(static_cast<int>(offset), c);
  };
  if (job.wide.masks) {
    const T* mask = static_cast<const T*>(job.wide.beside);
    if (job.vectors) {
      mask += at(channel);
#pragma unroll
      for (int first = 0; first < 8; first += Pack<T>::kSize) {
        const Pack<T> pack = load_pack(mask + first);
#pragma unroll
        for (int i = 0; i < Pack<T>::kSize; ++i) y[first + i] = job.wide.met(y[first + i], widen(pack[i]));
      }
    } else {
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        if (channel + i < job.channels) y[i] = job.wide.met(y[i], widen(mask[at(channel + i)]));
      }
    }
  } else {
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      if (job.wide.bias && channel + i < job.channels) y[i] += job.wide.bias[channel + i];
    }
    activate_run(job.wide, y);
  }
  T* to = static_cast<T*>(job.wide.data);
  if (job.vectors) {
    to += at(channel);
#pragma unroll
    for (int first = 0; first < 8; first += Pack<T>::kSize) {
      Pack<T> pack;
#pragma unroll
      for (int i = 0; i < Pack<T>::kSize; ++i) pack[i] = narrow<T>(y[first + i]);
      store_pack(to + first, pack);
    }
  } else {
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      if (channel + i < job.channels) to[at(channel + i)] = narrow<T>(y[i]);
    }
  }
}

template <class T, class Pixels, class Memory>
__global__ void __launch_bounds__(kFewThreads, 2) few_to_wide_kernel(const __grid_constant__ FewToWide<T, Pixels> job) {
  auto& memory = shared<Memory>();
  constexpr int kTerms = 4 * kWordTerms<T>;  // of a lane in a block
  const FilterWords filter{memory.words, job.blocks};
  int* offsets = reinterpret_cast<int*>(memory.words + job.filter_words);
  T* patch = reinterpret_cast<T*>(offsets + job.blocks * 4 * kTerms);
  filter.template fill<T>(job.padded, [&](int slot, int column) { return job.filter.at(channel_of_slot(slot), column); });
  for (int i = static_cast<int>(threadIdx.x); i < job.blocks * 4 * kTerms; i += kFewThreads) offsets[i] = job.taps.offset(i);
  const int lane = simt::lane();

#pragma unroll 1
  for (int tile = static_cast<int>(blockIdx.x); tile < job.tiles; tile += static_cast<int>(gridDim.x)) {
    int image = tile;
    const int first_q = job.tiles_across.split(image) * job.columns.divisor;
    const int first_p = job.tiles_down.split(image) * job.rows;
    simt::sync_threads();  // nobody reads the patch before
    job.patch.copy(image, first_p * job.stride_h - job.pad_h, first_q * job.stride_w - job.pad_w, job.thin_channels, patch);
    simt::sync_threads();

    const T* windows[4];  // of the lane's positions; slots behind the last repeat the first
    int results[4];       // where in wide, which has fewer than 2^31 elements, or which pixel of it; -1: none
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int slot = simt::warp() * 32 + i * 8 + lane / 4;
      int p = slot;
      int q = job.columns.split(p);
      const bool there = p < job.rows;
      if (!there) p = q = 0;
      windows[i] = patch + (p * job.stride_h * job.patch_columns + q * job.stride_w) * job.thin_channels;
      p += first_p, q += first_q;
      results[i] = there && p < job.wide_rows && q < job.wide_columns
                       ? ((image * job.wide_rows + p) * job.wide_columns + q) * (std::is_same_v<Pixels, PlainPixels> ? job.channels : 1) : -1;
    }

#pragma unroll 1
    for (int first = 0; first < job.padded; first += 64) {
      float d[2][8][4] = {};
      const int columns = job.padded - first < 64 ? (job.padded - first) / 8 : 8;
#pragma unroll 1
      for (int block = 0; block < job.blocks; ++block) {
        FourWords a[4];
        int at[kTerms];
#pragma unroll
        for (int i = 0; i < kTerms; i += 4) {
          const FourWords four = *reinterpret_cast<const FourWords*>(&offsets[(block * 4 + lane % 4) * kTerms + i]);
#pragma unroll
          for (int j = 0; j < 4; ++j) at[i + j] = static_cast<int>(four.v[j]);
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) {
#pragma unroll
          for (int word = 0; word < 4; ++word)
            a[i].v[word] = gather_word<T>(word, [&](int term) { return at[term] >= 0 ? windows[i][at[term]] : T{}; });
        }
#pragma unroll
        for (int column = 0; column < 8; ++column) {
          if (column >= columns) continue;
          const FourWords f = filter.read(first + column * 8 + lane / 4, block);
#pragma unroll
          for (int i = 0; i < 4; i += 2) {
            const uint32_t half[2] = {f.v[i], f.v[i + 1]};
#pragma unroll
            for (int m = 0; m < 2; ++m) {
              const uint32_t x[4] = {a[2 * m].v[i], a[2 * m + 1].v[i], a[2 * m].v[i + 1], a[2 * m + 1].v[i + 1]};
              multiply_words<T>(d[m][column], x, half);
            }
          }
        }
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (results[i] < 0) continue;
#pragma unroll
        for (int group = 0; group < 2; ++group) {
          float y[8];
#pragma unroll
          for (int j = 0; j < 8; ++j) y[j] = d[i / 2][group * 4 + j / 2][i % 2 * 2 + j % 2];
          store_channels(job, results[i], first + group * 32 + lane % 4 * 8, y);
        }
      }
    }
  }
}

}  // namespace

void convolve_few_to_wide(Stream stream, const Conv2d& p, ImageIn thin, const void* w, ImageOut wide, const Epilogue& epilogue) {
  check_convolution(p, has_few_inputs(p) ? "forward" : "data gradient");
  const ThinConv t = thin_conv(p);
  const ThinCut cut = few_to_wide_cut(t, p.dtype);
  const int thin_first = thin_channels_first(p), wide_first = wide_channels_first(p);
  const auto start = [&](auto element, auto memory, const auto& pixels) {
    using T = decltype(element);
    using Pixels = std::decay_t<decltype(pixels)>;
    const Result result = result_of(wide, p.dtype == DType::bf16, t.k, wide_first, epilogue);
    const bool vectors = t.k % 8 == 0 && wide_first % 8 == 0 && aligned(wide.first, 16) && aligned(result.beside, 16) && (wide_first == 0 || aligned(wide.second, 16));
    const int across = ceil_div(t.q, cut.columns), down = ceil_div(t.p, cut.rows);
    const FewToWide<T, Pixels> job{patch_copy<T>(t, cut, thin.first, pixels), patch_taps(t, cut), ThinFilter<T>(t, w),
                           result, vectors, t.p, t.q, t.k,
                           cut.rows, FastDivide(cut.columns), FastDivide(across), FastDivide(down), cut.patch_columns, t.c, t.stride_h,
                           t.stride_w, t.pad_h, t.pad_w, few_to_wide_blocks(t, p.dtype), few_to_wide_filter(t, p.dtype),
                           ceil_div(t.k, 32) * 32, across * down * t.n, image_channels<T>(wide, t.k, wide_first)};
    const int most = 2 * simt::multiprocessors();
    launch<decltype(memory)>(few_to_wide_kernel<T, Pixels, decltype(memory)>, dim3(static_cast<unsigned>(job.tiles < most ? job.tiles : most)),
                             dim3(kFewThreads), stream, job);
  };
  with_few(p.dtype, cut.words, [&](auto element, auto memory) {
    using T = decltype(element);
    if (needs_gather(p)) start(element, memory, gather_pixels<T>(thin_pixels(p, t), thin, t.c, thin_first));
    else start(element, memory, PlainPixels{t.h, t.w});
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
