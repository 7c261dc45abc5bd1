#include "gan/data/cifar10.h"
#include "tests/fuzz/fuzz.h"

using namespace ganymede;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::accepted([&] {
    data::PixelSet::Content content{"CIFAR-10", 32, 32, 3, {}, {}, {}};
    data::append_cifar10("data_batch_1.bin", {data, size}, content);
    fuzz::demand(content.pixels.size() == content.labels.size() * 3072, "pixels of every record");
    for (const uint8_t label : content.labels) fuzz::demand(label < 10, "a label of a class");
  });
  return 0;
}
