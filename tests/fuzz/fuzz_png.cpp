// The mutator keeps checksums right, and half the time changes the bytes under the compression: without that hardly
// an attempt gets past the first check.
#include <zlib.h>

#include <cstring>

#include "tests/fuzz/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { return ganymede::fuzz::decode(data, size); }

namespace {

constexpr size_t kSignature = 8, kMostRaw = 1 << 16;

uint32_t big(const uint8_t* b) { return uint32_t(b[0]) << 24 | uint32_t(b[1]) << 16 | uint32_t(b[2]) << 8 | b[3]; }
void put_big(uint8_t* b, uint32_t x) {
  for (int i = 0; i < 4; ++i) b[i] = uint8_t(x >> (24 - 8 * i));
}

void repair_checksums(uint8_t* data, size_t size) {
  for (size_t at = kSignature; at + 12 <= size;) {
    const size_t length = big(data + at);
    if (length > size - at - 12) return;
    put_big(data + at + 8 + length, uint32_t(crc32(0, data + at + 4, uInt(4 + length))));
    at += 12 + length;
  }
}

// Replaces the content of the first IDAT by a mutation of what it holds; the new size, or 0 if that cannot be done.
size_t mutate_pixels(uint8_t* data, size_t size, size_t max_size) {
  for (size_t at = kSignature; at + 12 <= size;) {
    const size_t length = big(data + at);
    if (length > size - at - 12) return 0;
    if (std::memcmp(data + at + 4, "IDAT", 4) != 0) {
      at += 12 + length;
      continue;
    }
    std::vector<uint8_t> raw(kMostRaw), rest(data + at + 12 + length, data + size);
    uLongf raw_size = kMostRaw;
    if (uncompress(raw.data(), &raw_size, data + at + 8, uLong(length)) != Z_OK) return 0;
    const size_t changed = LLVMFuzzerMutate(raw.data(), raw_size, kMostRaw);
    std::vector<uint8_t> packed(compressBound(uLong(changed)));
    uLongf packed_size = packed.size();
    if (compress2(packed.data(), &packed_size, raw.data(), uLong(changed), 1) != Z_OK) return 0;
    const size_t whole = at + 12 + packed_size + rest.size();
    if (whole > max_size) return 0;
    put_big(data + at, uint32_t(packed_size));
    std::memcpy(data + at + 8, packed.data(), packed_size);
    if (!rest.empty()) std::memcpy(data + at + 12 + packed_size, rest.data(), rest.size());
    return whole;
  }
  return 0;
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  size_t changed = seed % 2 ? mutate_pixels(data, size, max_size) : 0;
  if (changed == 0) changed = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 16 != 0) repair_checksums(data, changed);
  return changed;
}
