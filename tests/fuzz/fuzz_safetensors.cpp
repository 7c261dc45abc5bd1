#include "engine/safetensors.h"
#include "tests/fuzz/header_mutator.h"

using namespace ganymede;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static fuzz::MemoryFile file;
  const std::string& path = file.holding(fuzz::text_of(data, size));
  fuzz::accepted([&] {
    const SafetensorsFile tensors = SafetensorsFile::read(path);
    volatile uint8_t seen = 0;
    for (const std::string& name : tensors.names()) {
      const RawTensor& t = tensors.at(name);
      for (size_t i = 0; i < t.bytes; ++i) seen = uint8_t(seen + uint8_t(t.data[i]));
    }
    fuzz::accepted([&] { tensors.at("no such tensor"); });
  });
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  return fuzz::mutate_safetensors(data, size, max_size, seed);
}
