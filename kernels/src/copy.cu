// to[sum i_d * stride_to_d] = from[sum i_d * stride_from_d]: permute, slice, concat, broadcast, flip, crop.
// The host orders dimensions by their stride in `to`, merges neighbours and widens the element to as much as
// 16 bytes. Where neighbours in `to` are not neighbours in `from` but another dimension's are, a block of
// 32x8 threads moves 32x32 tiles through shared memory, so that both sides are coalesced; otherwise a thread
// moves an element, grid-stride. Reads and writes every element once: bound by memory.
#include <stdexcept>
#include <string>

#include "kernels/device/elementwise.h"
#include "kernels/device/grid.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

using Strided = ElementwiseKernels::Strided;

struct alignas(16) Wide {
  uint64_t low, high;
};

template <class T>
__global__ void copy_strided_kernel(Strided shape, int64_t count, const T* from, T* to) {
  for (int64_t i = first_item(); i < count; i += item_stride()) {
    int64_t rest = i, source = 0, target = 0;
    for (int d = shape.rank - 1; d > 0; --d) {
      const Division at = divide(rest, shape.dims[d]);
      source += at.remainder * shape.stride_from[d];
      target += at.remainder * shape.stride_to[d];
      rest = at.quotient;
    }
    to[target + rest * shape.stride_to[0]] = from[source + rest * shape.stride_from[0]];
  }
}

constexpr int kTile = 32, kTileRows = 8;

template <class T>
struct Tile {
  T values[kTile][kTile + 1];
};

// Dimension 0 runs on in `from`, dimension 1 in `to`; the others number the tiles' planes.
template <class T>
__global__ void copy_transposed_kernel(Strided shape, int64_t tiles, const T* from, T* to) {
  auto& s = shared<Tile<T>>();
  const int64_t tiles_0 = ceil_div<int64_t>(shape.dims[0], kTile),
                tiles_1 = ceil_div<int64_t>(shape.dims[1], kTile);
  for (int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const Division column = divide(tile, tiles_1), row = divide(column.quotient, tiles_0);
    const int64_t i0 = row.remainder * kTile, i1 = column.remainder * kTile;
    int64_t rest = row.quotient, source = 0, target = 0;
    for (int d = shape.rank - 1; d > 1; --d) {
      const Division at = divide(rest, shape.dims[d]);
      source += at.remainder * shape.stride_from[d];
      target += at.remainder * shape.stride_to[d];
      rest = at.quotient;
    }
    for (int j = threadIdx.y; j < kTile; j += kTileRows) {
      if (i0 + threadIdx.x < shape.dims[0] && i1 + j < shape.dims[1])
        s.values[j][threadIdx.x] = from[source + i0 + threadIdx.x + (i1 + j) * shape.stride_from[1]];
    }
    simt::sync_threads();
    for (int j = threadIdx.y; j < kTile; j += kTileRows) {
      if (i0 + j < shape.dims[0] && i1 + threadIdx.x < shape.dims[1])
        to[target + (i0 + j) * shape.stride_to[0] + i1 + threadIdx.x] = s.values[threadIdx.x][j];
    }
    simt::sync_threads();
  }
}

int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

void swap_dimensions(Strided& shape, int a, int b) {
  const auto swap = [=](int64_t* values) {
    const int64_t kept = values[a];
    values[a] = values[b];
    values[b] = kept;
  };
  swap(shape.dims);
  swap(shape.stride_from);
  swap(shape.stride_to);
}

// The same copy in the least dimensions, the one with the smallest stride in `to` last.
Strided simplify(const Strided& given) {
  Strided sorted{};
  for (int d = 0; d < given.rank; ++d) {
    if (given.dims[d] == 1) continue;
    sorted.dims[sorted.rank] = given.dims[d];
    sorted.stride_from[sorted.rank] = given.stride_from[d];
    sorted.stride_to[sorted.rank] = given.stride_to[d];
    for (int e = sorted.rank++; e > 0 && magnitude(sorted.stride_to[e]) > magnitude(sorted.stride_to[e - 1]);
         --e)
      swap_dimensions(sorted, e, e - 1);
  }
  Strided out{};
  for (int d = 0; d < sorted.rank; ++d) {
    const int last = out.rank - 1;
    if (last >= 0 && out.stride_from[last] == sorted.stride_from[d] * sorted.dims[d] &&
        out.stride_to[last] == sorted.stride_to[d] * sorted.dims[d]) {
      out.dims[last] *= sorted.dims[d];
      out.stride_from[last] = sorted.stride_from[d];
      out.stride_to[last] = sorted.stride_to[d];
    } else {
      out.dims[out.rank] = sorted.dims[d];
      out.stride_from[out.rank] = sorted.stride_from[d];
      out.stride_to[out.rank] = sorted.stride_to[d];
      ++out.rank;
    }
  }
  if (out.rank == 0) {
    out.rank = 1;
    out.dims[0] = 1;
  }
  return out;
}

// Doubles the element while pairs of neighbours stay together and aligned. Returns the element's bytes.
int widen_element(Strided& shape, int bytes, const void* from, const void* to) {
  const int inner = shape.rank - 1;
  if (shape.stride_from[inner] != 1 || shape.stride_to[inner] != 1) return bytes;
  while (bytes < 16) {
    bool fits = shape.dims[inner] % 2 == 0 && aligned(from, 2 * bytes) && aligned(to, 2 * bytes);
    for (int d = 0; d < inner; ++d)
      fits = fits && shape.stride_from[d] % 2 == 0 && shape.stride_to[d] % 2 == 0;
    if (!fits) break;
    shape.dims[inner] /= 2;
    for (int d = 0; d < inner; ++d) {
      shape.stride_from[d] /= 2;
      shape.stride_to[d] /= 2;
    }
    bytes *= 2;
  }
  return bytes;
}

// Moves the tile's two dimensions to the front; false where tiles would not help.
bool tile_first(Strided& shape) {
  const int inner = shape.rank - 1;
  if (inner == 0 || shape.stride_to[inner] != 1 || shape.dims[inner] < kTileRows) return false;
  for (int d = 0; d < inner; ++d) {
    if (shape.stride_from[d] != 1 || shape.dims[d] < kTileRows) continue;
    swap_dimensions(shape, 0, d);
    swap_dimensions(shape, 1, inner);  // when inner is 1 it is there already
    return true;
  }
  return false;
}

template <class T>
void launch_copy(Stream stream, Strided shape, const void* from, void* to) {
  const T* source = static_cast<const T*>(from);
  T* target = static_cast<T*>(to);
  if (sizeof(T) <= 8 && tile_first(shape)) {
    int64_t tiles = ceil_div<int64_t>(shape.dims[0], kTile) * ceil_div<int64_t>(shape.dims[1], kTile);
    for (int d = 2; d < shape.rank; ++d) tiles *= shape.dims[d];
    launch<Tile<T>>(copy_transposed_kernel<T>, grid_of(tiles), dim3(kTile, kTileRows), stream, shape, tiles,
                    source, target);
    return;
  }
  int64_t count = 1;
  for (int d = 0; d < shape.rank; ++d) count *= shape.dims[d];
  launch(copy_strided_kernel<T>, blocks_for(count), kThreads, stream, shape, count, source, target);
}

}  // namespace

void copy_strided(Stream stream, const Strided& given, int element_bytes, const void* from, void* to) {
  for (int d = 0; d < given.rank; ++d) {
    if (given.dims[d] == 0) return;
  }
  Strided shape = simplify(given);
  switch (widen_element(shape, element_bytes, from, to)) {
    case 1: return launch_copy<uint8_t>(stream, shape, from, to);
    case 2: return launch_copy<uint16_t>(stream, shape, from, to);
    case 4: return launch_copy<uint32_t>(stream, shape, from, to);
    case 8: return launch_copy<uint64_t>(stream, shape, from, to);
    case 16: return launch_copy<Wide>(stream, shape, from, to);
  }
  throw std::runtime_error("copy: elements of " + std::to_string(element_bytes) +
                           " bytes; 1, 2, 4 or 8 are supported");
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
