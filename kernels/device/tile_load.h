// Brings one tile of an operand from global to shared memory. The tile keeps the operand's own order: rows of
// slices for Along::slice, rows of lines for Along::line, padded so that neither the copies nor the fragments
// meet bank conflicts.
#pragma once
#include "kernels/device/tile_operand.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// kLines x kSlices elements of T in shared memory.
template <class T, Along kAlong, int kLines, int kSlices>
struct SharedTile {
  static constexpr int kRows = kAlong == Along::slice ? kLines : kSlices;
  static constexpr int kColumns = kAlong == Along::slice ? kSlices : kLines;
  // 16 bytes turn the banks by four words a row, as ldmatrix and float4 reads want; eight words suit the
  // scalar reads of transposed tf32 fragments.
  static constexpr int kPad = kAlong == Along::slice || sizeof(T) < 4 ? 16 / sizeof(T) : 32 / sizeof(T);
  static constexpr int kPitch = kColumns + kPad;
  alignas(16) T data[kRows][kPitch];

  __device__ const T* at(int line, int slice) const {
    return kAlong == Along::slice ? &data[line][slice] : &data[slice][line];
  }
};

// What a thread remembers of the lines it loads, and how it loads them. All threads of the block take part.
template <class Operand, int kLines, int kSlices, int kThreads>
class TileLoader {
 public:
  using T = typename Operand::Element;
  static constexpr Along kAlong = Operand::kAlong;
  using Shared = SharedTile<T, kAlong, kLines, kSlices>;

  __device__ TileLoader(const Operand& operand, int first_line) : first_line_(first_line) {
    if (!operand.vectors) return;
#pragma unroll
    for (int i = 0; i < kKept; ++i) {
      lines_[i] = operand.line(first_line + (kAlong == Along::slice ? vector_row(i) : vector_column()));
    }
  }

  __device__ void load(const Operand& operand, int first_slice, Shared& tile) const {
    if (operand.vectors) load_vectors(operand, first_slice, tile);
    else load_elements(operand, first_slice, tile);
  }

 private:
  static constexpr int kVector = 16 / sizeof(T);
  static constexpr int kRowVectors = Shared::kColumns / kVector;
  static constexpr int kVectors = Shared::kRows * kRowVectors;
  static constexpr int kRounds = kVectors / kThreads;
  static constexpr int kKept = kAlong == Along::slice ? kRounds : 1;
  static constexpr int kRowsAtOnce = kThreads / Shared::kColumns;                      // by single elements
  static_assert(Shared::kColumns % kVector == 0 && kThreads % Shared::kColumns == 0);  // a thread keeps its
                                                                                       // column
  static_assert(kVectors % kThreads == 0);

  static __device__ int vector_row(int round) {
    return (static_cast<int>(threadIdx.x) + round * kThreads) / kRowVectors;
  }
  static __device__ int vector_column() { return static_cast<int>(threadIdx.x) % kRowVectors * kVector; }

  __device__ void load_vectors(const Operand& operand, int first_slice, Shared& tile) const {
    const int column = vector_column();
    if constexpr (kAlong == Along::slice) {
      const auto slice = operand.slice(first_slice + column);
#pragma unroll
      for (int i = 0; i < kRounds; ++i) {
        copy(operand, operand.at(lines_[i], slice), &tile.data[vector_row(i)][column]);
      }
    } else {
#pragma unroll
      for (int i = 0; i < kRounds; ++i) {
        const auto slice = operand.slice(first_slice + vector_row(i));
        copy(operand, operand.at(lines_[0], slice), &tile.data[vector_row(i)][column]);
      }
    }
  }

  // Odd channel counts and unaligned pointers: element by element. What belongs to a row of the tile is
  // worked out afresh each time to save registers. Copies of two bytes cannot be asynchronous: some are read
  // before the first is written.
  __device__ void load_elements(const Operand& operand, int first_slice, Shared& tile) const {
    constexpr int kBatch = sizeof(T) == 4 ? 1 : 4;
    static_assert(Shared::kRows % (kRowsAtOnce * kBatch) == 0);
    const int column = static_cast<int>(threadIdx.x) % Shared::kColumns;
    const int first_row = static_cast<int>(threadIdx.x) / Shared::kColumns;
    typename Operand::Line line{};
    typename Operand::Slice slice{};
    if constexpr (kAlong == Along::slice) slice = operand.slice(first_slice + column);
    else line = operand.line(first_line_ + column);
#pragma unroll 1
    for (int row = first_row; row < Shared::kRows; row += kRowsAtOnce * kBatch) {
      T values[kBatch];
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        if constexpr (kAlong == Along::slice) line = operand.line(first_line_ + row + i * kRowsAtOnce);
        else slice = operand.slice(first_slice + row + i * kRowsAtOnce);
        const T* source = operand.at(line, slice);
        if constexpr (sizeof(T) == 4) {
          simt::cp_async<4>(&tile.data[row][column], source ? source : operand.data, source != nullptr);
        } else {
          values[i] = source ? *source : T{};
        }
      }
      if constexpr (sizeof(T) != 4) {
#pragma unroll
        for (int i = 0; i < kBatch; ++i) tile.data[row + i * kRowsAtOnce][column] = values[i];
      }
    }
  }

  static __device__ void copy(const Operand& operand, const T* source, T* to) {
    simt::cp_async<16>(to, source ? source : operand.data, source != nullptr);
  }

  int first_line_;
  typename Operand::Line lines_[kKept];
};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
