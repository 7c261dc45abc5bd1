// The scratch memory of sums that several blocks share: a fixed buffer for each stream (and host thread,
// since the simulator's launches run in their caller). Launches of one stream run in order, so they do not
// disturb one another, and captured graphs keep the address.
#include "kernels/device/tile_parts.h"

#include <stdexcept>

#include "kernels/device/column_merge.h"
#include "kernels/device/families.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int64_t kScratchFloats = int64_t{4} << 20, kScratchTiles = 2048;
constexpr int kMaxStreams = 64;

template <size_t kBytes>
struct Scratch {
  struct {
    Stream stream;
    void* data;
  } buffers[kMaxStreams] = {};
  int count = 0;

  void* of(Stream stream) {
    for (int i = 0; i < count; ++i) {
      if (buffers[i].stream == stream) return buffers[i].data;
    }
    if (count == kMaxStreams) throw std::runtime_error("sums shared by blocks on more than 64 streams of a thread");
    void* data = device_kernels.allocate(kBytes);
    device_kernels.fill_bytes(stream, data, 0, kBytes);
    buffers[count++] = {stream, data};
    return data;
  }
  ~Scratch() {
    for (int i = 0; i < count; ++i) device_kernels.release(buffers[i].data);
  }
};

}  // namespace

TileParts tile_parts(Stream stream, int wanted, int64_t tiles, int64_t results) {
  const int64_t most = tiles > kScratchTiles ? 1 : kScratchFloats / (tiles * results);
  const int parts = static_cast<int>(wanted < most ? wanted : most);
  if (parts <= 1) return {};
  static thread_local Scratch<kScratchFloats * sizeof(float) + kScratchTiles * sizeof(unsigned)> scratch;
  float* sums = static_cast<float*>(scratch.of(stream));
  return {parts, sums, reinterpret_cast<unsigned*>(sums + kScratchFloats)};
}

unsigned* arrivals_of(Stream stream) {
  static thread_local Scratch<kArrivals * sizeof(unsigned)> scratch;
  return static_cast<unsigned*>(scratch.of(stream));
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
