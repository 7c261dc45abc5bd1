// The operands of a tiled product c[m, n] = sum_k a(m, k) * b(n, k). A "line" is an m of a or an n of b; a
// "slice" is a k. An operand says what has to be computed once a line and once a slice, and gives the address
// of an element from the two, or null where the element is zero. Memory is contiguous along slices
// (Along::slice) or along lines (Along::line).
#pragma once
#include "kernels/device/conv_maps.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

enum class Along { slice, line };

// A plain matrix; element (line, slice) at line * line_stride + slice * slice_stride, one of which is 1.
template <class T, Along kAlong_>
struct MatrixOperand {
  using Element = T;
  using Line = int;
  using Slice = int;
  static constexpr Along kAlong = kAlong_;
  const T* data;
  int lines, slices;
  int pitch;     // the stride that is not 1
  bool vectors;  // every run of 16 bytes is aligned, and inside or outside as a whole

  __device__ Line line(int index) const {
    return index < lines ? (kAlong == Along::line ? index : index * pitch) : -1;
  }
  __device__ Slice slice(int index) const {
    return index < slices ? (kAlong == Along::line ? index * pitch : index) : -1;
  }
  __device__ const T* at(Line line, Slice slice) const {
    return line < 0 || slice < 0 ? nullptr : data + line + slice;
  }
};

// The channels of an image that may lie in two tensors: lines are channels, slices are pixels (weight gradient).
template <class T>
struct ChannelOperand {
  using Element = T;
  using Line = ImageChannels::Place;
  using Slice = int;
  static constexpr Along kAlong = Along::line;
  const T* data;
  int lines, slices;
  ImageChannels channels;
  bool vectors;

  __device__ Line line(int index) const { return index < lines ? channels.of(index) : Line{0, -1}; }
  __device__ Slice slice(int index) const { return index < slices ? index : -1; }
  __device__ const T* at(const Line& line, Slice slice) const {
    return line.pitch < 0 || slice < 0 ? nullptr : data + (slice * line.pitch + line.offset);
  }
};

// Patches of an image: lines are positions, slices are taps (forward, data gradient). Map: PatchMap, or GatherMap.
template <class Map>
using TapOf = decltype(Map{}.tap(0));
template <class T, class Map = PatchMap>
struct PatchOperand {
  using Element = T;
  using Line = Corner;
  using Slice = TapOf<Map>;
  static constexpr Along kAlong = Along::slice;
  const T* data;
  int lines, slices;
  Map map;
  bool vectors;

  __device__ Line line(int index) const {
    Corner corner = map.corner(index < lines ? index : lines - 1);
    if (index >= lines) corner.row = kNowhere;
    return corner;
  }
  __device__ Slice slice(int index) const {
    Slice tap = map.tap(index);
    if (index >= slices) tap.row = kNowhere;
    return tap;
  }
  __device__ const T* at(const Line& corner, const Slice& tap) const {
    return map.inside(corner, tap) ? data + map.offset(corner, tap) : nullptr;
  }
};

// The same with the roles exchanged: lines are taps, slices are positions (weight gradient).
template <class T, class Map = PatchMap>
struct TransposedPatchOperand {
  using Element = T;
  using Line = TapOf<Map>;
  using Slice = Corner;
  static constexpr Along kAlong = Along::line;
  const T* data;
  int lines, slices;
  Map map;
  bool vectors;

  __device__ Line line(int index) const {
    Line tap = map.tap(index);
    if (index >= lines) tap.row = kNowhere;
    return tap;
  }
  __device__ Slice slice(int index) const {
    Corner corner = map.corner(index < slices ? index : slices - 1);
    if (index >= slices) corner.row = kNowhere;
    return corner;
  }
  __device__ const T* at(const Line& tap, const Slice& corner) const {
    return map.inside(corner, tap) ? data + map.offset(corner, tap) : nullptr;
  }
};

// Filters [K, R, S, C/groups] for the data gradient: lines are the channels c, slices are (r, s, k) over the
// taps of one phase.
template <class T>
struct FilterOperand {
  using Element = T;
  using Line = int;
  using Slice = int;
  static constexpr Along kAlong = Along::line;
  const T* data;
  int lines, slices;
  FastDivide outputs;                                      // K / groups
  FastDivide columns;                                      // taps of the phase in a filter row
  int first_row, first_column, row_stride, column_stride;  // which filter rows and columns the phase meets
  int filter_columns;                                      // S
  int filter_size;                                         // R * S * C/groups
  bool vectors;

  __device__ Line line(int index) const { return index < lines ? index : -1; }
  __device__ Slice slice(int index) const {
    if (index >= slices) return -1;
    const int k = outputs.split(index);
    const int s = first_column + columns.split(index) * column_stride;
    const int r = first_row + index * row_stride;
    return k * filter_size + (r * filter_columns + s) * lines;
  }
  __device__ const T* at(Line line, Slice slice) const {
    return line < 0 || slice < 0 ? nullptr : data + line + slice;
  }
};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
