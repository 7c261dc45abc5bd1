// The metadata of a checkpoint: the bytes stand where its JSON object of metadata should.
#include "gan/checkpoint.h"
#include "gan/checkpoint_metadata.h"
#include "tests/fuzz/fuzz.h"

using namespace ganymede;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static fuzz::MemoryFile file;
  std::string json = "{\"__metadata__\":" + std::string(fuzz::text_of(data, size)) +
                     ",\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
  const uint64_t length = json.size();
  const std::string& path = file.holding(std::string(reinterpret_cast<const char*>(&length), 8) + json + "\1\2\3\4");
  fuzz::accepted([&] {
    check_checkpoint(path, "dcgan");
    const int64_t iteration = iteration_of(SafetensorsFile::read(path));
    fuzz::demand(iteration >= 0 && iteration <= kMostIterations, "an iteration in its range");
  });
  return 0;
}
