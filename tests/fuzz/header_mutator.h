// Mutates the JSON header or the data of a safetensors file and keeps the header's length right most of the time.
#pragma once
#include <cstring>

#include "tests/fuzz/fuzz.h"

namespace ganymede::fuzz {

inline size_t mutate_safetensors(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  uint64_t length = 0;
  if (size < 8 || seed % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(&length, data, 8);
  if (length > size - 8) length = size - 8;
  std::vector<uint8_t> rest(data + 8 + length, data + size);
  const size_t changed = LLVMFuzzerMutate(data + 8, length, max_size - 8);
  length = changed;
  std::memcpy(data, &length, 8);
  if (8 + changed + rest.size() > max_size) rest.resize(max_size - 8 - changed);
  if (!rest.empty()) std::memcpy(data + 8 + changed, rest.data(), rest.size());
  return 8 + changed + rest.size();
}

}  // namespace ganymede::fuzz
