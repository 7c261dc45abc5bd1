// The scratch memory of sums that several blocks share: a fixed buffer for each stream (and host thread,
// since the simulator's launches run in their caller). Launches of one stream run in order, so they do not
// disturb one another, and captured graphs keep the address.
#include "kernels/device/tile_parts.h"

#include <stdexcept>

#include "kernels/device/families.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int64_t kScratchFloats = int64_t{4} << 20, kScratchTiles = 2048;
constexpr int kMaxStreams = 64;

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
    if (count == kMaxStreams) throw std::runtime_error("matrix products on more than 64 streams of a thread");
    constexpr size_t kBytes = kScratchFloats * sizeof(float) + kScratchTiles * sizeof(unsigned);
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
  static thread_local Scratch scratch;
  float* sums = static_cast<float*>(scratch.of(stream));
  return {parts, sums, reinterpret_cast<unsigned*>(sums + kScratchFloats)};
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
