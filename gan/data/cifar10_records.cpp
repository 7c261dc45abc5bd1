#include "engine/check.h"
#include "gan/data/cifar10.h"

namespace ganymede::data {
namespace {

constexpr int64_t kPlane = 32 * 32, kRecord = 1 + 3 * kPlane;  // label, then R, G, B planes

}  // namespace

void append_cifar10(const std::string& path, std::span<const uint8_t> data, PixelSet::Content& content) {
  const int64_t bytes = static_cast<int64_t>(data.size());
  if (bytes == 0 || bytes % kRecord != 0) {
    throw Error(path + ": " + std::to_string(bytes) + " bytes are not a whole number of CIFAR-10 records of " +
                std::to_string(kRecord) + " (truncated file?)");
  }
  for (int64_t i = 0; i < bytes / kRecord; ++i) {
    const uint8_t* record = &data[static_cast<size_t>(i * kRecord)];
    if (record[0] > 9) {
      throw Error(path + ": record " + std::to_string(i) + " has label " + std::to_string(record[0]) +
                  ", but there are 10 classes");
    }
    content.labels.push_back(record[0]);
    for (int64_t p = 0; p < kPlane; ++p) {
      for (int64_t c = 0; c < 3; ++c) content.pixels.push_back(record[1 + c * kPlane + p]);
    }
  }
}

}  // namespace ganymede::data
