#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/check.h"
#include "gan/data/cifar10.h"
#include "gan/data/openers.h"
#include "gan/data/pixel_set.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSide = 32;

std::vector<uint8_t> read_bytes(const fs::path& path) {
  std::error_code failure;
  const int64_t bytes = static_cast<int64_t>(fs::file_size(path, failure));
  if (failure) throw Error(path.string() + ": cannot read the file (" + failure.message() + ")");
  std::vector<uint8_t> data(static_cast<size_t>(bytes));
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(data.data()), bytes)) throw Error(path.string() + ": cannot read the file");
  return data;
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
  for (const fs::path& path : paths) append_cifar10(path.string(), read_bytes(path), content);
  return std::make_unique<PixelSet>(std::move(content), options);
}

}  // namespace ganymede::data
