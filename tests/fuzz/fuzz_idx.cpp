#include "gan/data/idx.h"
#include "tests/fuzz/fuzz.h"

using namespace ganymede;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static fuzz::MemoryFile file;
  const std::string& path = file.holding(fuzz::text_of(data, size));
  for (const int rank : {1, 3}) {
    fuzz::accepted([&] {
      const data::Idx idx = data::read_idx(path, rank);
      int64_t count = 1;
      for (const int64_t extent : idx.shape) count *= extent;
      fuzz::demand(int(idx.shape.size()) == rank && int64_t(idx.values.size()) == count, "an array of its shape");
    });
  }
  return 0;
}
