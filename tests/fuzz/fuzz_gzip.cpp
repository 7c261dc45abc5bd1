// Gzipped IDX files. Half the time the mutator changes what is in the compressed stream, else the stream itself.
#include <zlib.h>

#include <cstring>

#include "gan/data/idx.h"
#include "tests/fuzz/fuzz.h"

using namespace ganymede;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static fuzz::MemoryFile file;
  const std::string& path = file.holding(fuzz::text_of(data, size));
  fuzz::accepted([&] { data::read_idx(path, size % 2 ? 1 : 3); });
  return 0;
}

namespace {

constexpr size_t kMostRaw = 1 << 14;
constexpr int kGzip = 15 + 16;

size_t mutate_content(uint8_t* data, size_t size, size_t max_size) {
  std::vector<uint8_t> raw(kMostRaw);
  z_stream z{};
  z.next_in = data, z.avail_in = uInt(size), z.next_out = raw.data(), z.avail_out = uInt(kMostRaw);
  if (inflateInit2(&z, kGzip) != Z_OK) return 0;
  const int end = inflate(&z, Z_FINISH);
  inflateEnd(&z);
  if (end != Z_STREAM_END) return 0;
  const size_t changed = LLVMFuzzerMutate(raw.data(), z.total_out, kMostRaw);
  std::vector<uint8_t> packed(compressBound(uLong(changed)) + 32);
  z = {};
  if (deflateInit2(&z, 1, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
  z.next_in = raw.data(), z.avail_in = uInt(changed), z.next_out = packed.data(), z.avail_out = uInt(packed.size());
  const bool done = deflate(&z, Z_FINISH) == Z_STREAM_END;
  deflateEnd(&z);
  if (!done || z.total_out > max_size) return 0;
  std::memcpy(data, packed.data(), z.total_out);
  return z.total_out;
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  const size_t changed = seed % 2 ? mutate_content(data, size, max_size) : 0;
  return changed ? changed : LLVMFuzzerMutate(data, size, max_size);
}
