#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/check.h"
#include "gan/data/openers.h"
#include "gan/data/pixel_set.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSide = 32, kPlane = kSide * kSide, kRecord = 1 + 3 * kPlane;  // label, then R, G, B planes

void append(const fs::path& path, PixelSet::Content& content) {
  std::error_code failure;
  const int64_t bytes = static_cast<int64_t>(fs::file_size(path, failure));
  if (failure) throw Error(path.string() + ": cannot read the file (" + failure.message() + ")");
  if (bytes == 0 || bytes % kRecord != 0) {
    throw Error(path.string() + ": " + std::to_string(bytes) +
                " bytes are not a whole number of CIFAR-10 records of " + std::to_string(kRecord) +
                " (truncated file?)");
  }
  std::vector<uint8_t> data(static_cast<size_t>(bytes));
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(data.data()), bytes))
    throw Error(path.string() + ": cannot read the file");
  for (int64_t i = 0; i < bytes / kRecord; ++i) {
    const uint8_t* record = &data[static_cast<size_t>(i * kRecord)];
    if (record[0] > 9) {
      throw Error(path.string() + ": record " + std::to_string(i) + " has label " +
                  std::to_string(record[0]) + ", but there are 10 classes");
    }
    content.labels.push_back(record[0]);
    for (int64_t p = 0; p < kPlane; ++p) {
      for (int64_t c = 0; c < 3; ++c) content.pixels.push_back(record[1 + c * kPlane + p]);
    }
  }
}

}  // namespace

std::unique_ptr<Dataset> open_cifar10(const std::string& argument, const Options& options) {
  if (!fs::is_directory(argument))
    throw Error(argument + ": no such folder (data_batch_1.bin … are looked for there)");
  const bool train = options.split == Split::train;
  PixelSet::Content content{
      std::string("CIFAR-10 (") + (train ? "train" : "test") + ")",
      kSide,
      kSide,
      3,
      {},
      {},
      {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}};
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(argument)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".bin") && name.starts_with(train ? "data_batch_" : "test_batch"))
      paths.push_back(entry.path());
  }
  if (paths.empty()) {
    throw Error(argument + ": no files " + (train ? "data_batch_*.bin" : "test_batch.bin") +
                " of the binary version of CIFAR-10 there");
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) append(path, content);
  return std::make_unique<PixelSet>(std::move(content), options);
}

}  // namespace ganymede::data
