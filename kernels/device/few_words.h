// What the kernels of few channels share on the device. Both element types are seen as words of 32 bits, two bf16 or one f32
// as tf32. A block of the sum's terms is 16 words, of which a lane holds the four from 4 * (lane % 4) on, in one 16-byte read;
// step i of the two products of a block takes words 2i and 2i + 1 of each lane as first and second half. Since a and b are
// read alike, which terms an instruction meets does not matter.
#pragma once
#include "kernels/device/convert.h"
#include "kernels/device/fast_divide.h"
#include "kernels/device/few_channels.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <class T>
constexpr int kWordTerms = 4 / static_cast<int>(sizeof(T));

// Word i, as it lies in memory, of the terms that term(index) gives.
template <class T, class Term>
__device__ __forceinline__ uint32_t stored_word(int i, Term&& term) {
  if constexpr (sizeof(T) == 2) {
    const Bf16 low = term(2 * i), high = term(2 * i + 1);
    return low.bits | static_cast<uint32_t>(high.bits) << 16;
  } else {
    const float value = term(i);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
  }
}

// The same as tensor cores take it.
template <class T>
__device__ __forceinline__ uint32_t operand_word(uint32_t stored) {
  if constexpr (sizeof(T) == 2) return stored;
  float value;
  memcpy(&value, &stored, sizeof value);
  return simt::to_tf32(value);
}
template <class T, class Term>
__device__ __forceinline__ uint32_t gather_word(int i, Term&& term) {
  return operand_word<T>(stored_word<T>(i, term));
}

template <class T>
__device__ __forceinline__ void multiply_words(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  if constexpr (sizeof(T) == 2) simt::mma_bf16(d, a, b);
  else simt::mma_tf32(d, a, b);
}

struct alignas(16) FourWords {
  uint32_t v[4];
};

// A filter in shared memory: rows of `blocks` blocks. Neighbouring rows lie half of the banks apart.
struct FilterWords {
  uint32_t* words;
  int blocks;
  __device__ int place(int row, int word) const {
    const int block = word / 16 ^ (blocks % 2 == 0 ? row & 1 : 0);
    return (row * blocks + block) * 16 + word % 16;
  }
  // The lane's four words of a block.
  __device__ FourWords read(int row, int block) const {
    return *reinterpret_cast<const FourWords*>(&words[place(row, block * 16 + simt::lane() % 4 * 4)]);
  }
  // By the whole block; rows a multiple of 8. term(row, index): an element, zero beyond either end.
  template <class T, class Term>
  __device__ void fill(int rows, Term&& term) const {
    const int groups = blocks * 4;
#pragma unroll 4
    for (int i = static_cast<int>(threadIdx.x); i < rows * blocks * 16; i += kFewThreads) {
      // A warp takes 8 rows x 4 words, whichever of the two is contiguous in memory.
      const int word = i / 32 % groups * 4 + i % 4, row = i / 32 / groups * 8 + i / 4 % 8;
      words[place(row, word)] = gather_word<T>(word, [&](int index) { return term(row, index); });
    }
  }
};

// f(k, column) of a filter in global memory, column = (tap, thin channel); zero beyond either end.
template <class T>
struct ThinFilter {
  const T* data;
  int wide, columns;
  FastDivide channels;
  int first, wide_step, tap_step, thin_step;
  ThinFilter(const ThinConv& t, const void* w)
      : data(static_cast<const T*>(w)), wide(t.k), columns(t.columns()), channels(t.c), first(t.filter_first), wide_step(t.wide_step),
        tap_step(t.tap_step), thin_step(t.thin_step) {}
  __device__ int offset(int k, int column) const {
    const int c = channels.split(column);
    return first + k * wide_step + column * tap_step + c * thin_step;
  }
  __device__ T at(int k, int column) const { return k < wide && column < columns ? data[offset(k, column)] : T{}; }
};

// Copies a patch of a thin image from (first_row, first_column) on, zeros outside the image. By pixels of the image:
template <class T, class Pixels>
struct PatchCopy;

// rows are contiguous but for the edges,
template <class T>
struct PatchCopy<T, PlainPixels> {
  const T* data;
  int height, width;       // of the image; width in elements
  int rows;
  FastDivide row_elements;  // of the patch
  __device__ void copy(int image, int first_row, int first_column, int channels, T* to) const {
    constexpr int kBatch = 8;  // loads on their way at once
    const int count = rows * row_elements.divisor, first_element = first_column * channels;
#pragma unroll 1
    for (int start = static_cast<int>(threadIdx.x); start < count; start += kBatch * kFewThreads) {
      T values[kBatch];
#pragma unroll
      for (int j = 0; j < kBatch; ++j) {
        int row = start + j * kFewThreads;
        const bool there = row < count;
        const int element = row_elements.split(row) + first_element;
        row += first_row;
        const bool inside = there && static_cast<unsigned>(row) < static_cast<unsigned>(height) &&
                            static_cast<unsigned>(element) < static_cast<unsigned>(width);
        values[j] = inside ? data[(static_cast<int64_t>(image) * height + row) * width + element] : T{};
      }
#pragma unroll
      for (int j = 0; j < kBatch; ++j) {
        if (start + j * kFewThreads < count) to[start + j * kFewThreads] = values[j];
      }
    }
  }
};

// or each lies where the border says, or its channels in two tensors.
template <class T>
struct PatchCopy<T, GatherPixels> {
  const T* data;
  GatherPixels pixels;
  int count;           // of the patch: pixels
  FastDivide columns;
  // A call a patch: inlined, its numbers would push some of the products' out of registers.
  __device__ __noinline__ void copy(int image, int first_row, int first_column, int channels, T* to) const {
#pragma unroll 1
    for (int pixel = static_cast<int>(threadIdx.x); pixel < count; pixel += kFewThreads) {
      int row = pixel;
      const int column = columns.split(row) + first_column;
      row += first_row;
      const bool inside = static_cast<unsigned>(row) < static_cast<unsigned>(pixels.rows) &&
                          static_cast<unsigned>(column) < static_cast<unsigned>(pixels.columns);
      const int from = inside ? pixels.at(image, row, column) : 0;
      T values[kFewChannels];
#pragma unroll
      for (int c = 0; c < kFewChannels; ++c) values[c] = inside && c < channels ? data[pixels.channels.offset(from, c)] : T{};
#pragma unroll
      for (int c = 0; c < kFewChannels; ++c) {
        if (c < channels) to[pixel * channels + c] = values[c];
      }
    }
  }
};

template <class T>
PatchCopy<T, PlainPixels> patch_copy(const ThinConv& t, const ThinCut& cut, const void* thin, const PlainPixels&) {
  return {static_cast<const T*>(thin), t.h, t.w * t.c, cut.patch_rows, FastDivide(cut.patch_columns * t.c)};
}
template <class T>
PatchCopy<T, GatherPixels> patch_copy(const ThinConv&, const ThinCut& cut, const void* thin, const GatherPixels& pixels) {
  return {static_cast<const T*>(thin), pixels, cut.patch_rows * cut.patch_columns, FastDivide(cut.patch_columns)};
}

// A wide image, of which lines are read: the channels of a pixel. By pixels of the image:
template <class T, class Pixels>
struct WideImage;

// a line is where its first channel lies, null outside,
template <class T>
struct WideImage<T, PlainPixels> {
  using Line = const T*;
  const T* data;
  PlainPixels pixels;
  int channels;
  __device__ Line line(int image, int row, int column) const { return data + pixels.at(image, row, column) * channels; }
  static __device__ Line nowhere() { return nullptr; }
  static __device__ bool there(Line line) { return line != nullptr; }
  __device__ const T* at(Line line, int channel) const { return line + channel; }
};

// or a pixel's number, negative outside.
template <class T>
struct WideImage<T, GatherPixels> {
  using Line = int;
  const T* data;
  GatherPixels pixels;
  int channels;
  __device__ Line line(int image, int row, int column) const { return pixels.at(image, row, column); }
  static __device__ Line nowhere() { return -1; }
  static __device__ bool there(Line line) { return line >= 0; }
  __device__ const T* at(Line line, int channel) const { return data + pixels.channels.offset(line, channel); }
};

// Where term `column` of a window lies in a patch, from the window's first element on; -1 beyond the last.
struct PatchTaps {
  int columns, row_step, column_step;  // of a tap one further down, across
  FastDivide channels, filter_columns;
  __device__ int offset(int column) const {
    if (column >= columns) return -1;
    const int c = channels.split(column);
    const int s = filter_columns.split(column);
    return column * row_step + s * column_step + c;
  }
};
inline PatchTaps patch_taps(const ThinConv& t, const ThinCut& cut) {
  return {t.columns(), t.dilation_h * cut.patch_columns * t.c, t.dilation_w * t.c, FastDivide(t.c), FastDivide(t.s)};
}

// Shared memory whose parts the host has measured.
template <int kWords>
struct FewShared {
  alignas(16) uint32_t words[kWords];
};

// f(element, size) with T of the problem and the size of shared memory that holds so many words.
template <class F>
void with_few(DType dtype, int words, F&& f) {
  const auto sized = [&](auto element) {
    if (words <= kFewSmallWords) f(element, FewShared<kFewSmallWords>{});
    else f(element, FewShared<kFewWords>{});
  };
  if (dtype == DType::bf16) sized(Bf16{});
  else sized(float{});
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
