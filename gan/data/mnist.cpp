#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "engine/check.h"
#include "gan/data/idx.h"
#include "gan/data/openers.h"
#include "gan/data/pixel_set.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

struct Files {
  std::string images, labels, split;
};

std::string only_file(const fs::path& folder, const std::string& start, const std::string& middle) {
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(start) && name.find(middle) != std::string::npos)
      found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  if (found.size() > 1) {
    throw Error(folder.string() + ": more than one file " + start + "*" + middle + "*: " + found[0] +
                " and " + found[1] + "; keep one");
  }
  return found.empty() ? "" : found[0];
}

// The pair of the wanted split; the other one where the folder has no such pair.
Files find_files(const std::string& folder, Split split) {
  if (!fs::is_directory(folder)) throw Error(folder + ": no such folder (IDX files are looked for there)");
  std::vector<std::string> starts = {"train-", "t10k-"};
  if (split == Split::test) std::swap(starts[0], starts[1]);
  for (const std::string& start : starts) {
    Files files{only_file(folder, start, "images-idx3-ubyte"), only_file(folder, start, "labels-idx1-ubyte"),
                start};
    files.split.pop_back();
    if (files.images.empty() && files.labels.empty()) continue;
    if (files.images.empty() || files.labels.empty()) {
      throw Error(folder + ": there is " + (files.images.empty() ? files.labels : files.images) +
                  ", but no " + start + "*" +
                  (files.images.empty() ? "images-idx3-ubyte*" : "labels-idx1-ubyte*"));
    }
    return files;
  }
  throw Error(folder +
              ": no files train-*images-idx3-ubyte* and train-*labels-idx1-ubyte* (or t10k-*) there");
}

std::unique_ptr<Dataset> open_idx(const std::string& name, const std::string& folder,
                                  std::vector<std::string> class_names, const Options& options) {
  const Files files = find_files(folder, options.split);
  Idx images = read_idx(files.images, 3);
  Idx labels = read_idx(files.labels, 1);
  if (images.shape[0] != labels.shape[0]) {
    throw Error(files.labels + ": " + std::to_string(labels.shape[0]) + " labels, but " +
                std::to_string(images.shape[0]) + " pictures in " + files.images);
  }
  if (images.shape[1] > 4096 || images.shape[2] > 4096) {
    throw Error(files.images + ": pictures of " + std::to_string(images.shape[1]) + "x" +
                std::to_string(images.shape[2]) + " are larger than 4096x4096");
  }
  const size_t classes = size_t{*std::max_element(labels.values.begin(), labels.values.end())} + 1;
  if (!class_names.empty() && classes > class_names.size()) {
    throw Error(files.labels + ": label " + std::to_string(classes - 1) + ", but there are " +
                std::to_string(class_names.size()) + " classes");
  }
  for (size_t i = class_names.size(); i < classes; ++i) class_names.push_back(std::to_string(i));
  return std::make_unique<PixelSet>(
      PixelSet::Content{name + " (" + files.split + ")", images.shape[1], images.shape[2], 1,
                        std::move(images.values), std::move(labels.values), std::move(class_names)},
      options);
}

}  // namespace

std::unique_ptr<Dataset> open_fashion_mnist(const std::string&, const Options& options) {
  const char* chosen = std::getenv("GANYMEDE_FASHION_MNIST");
  const std::string folder = chosen && *chosen ? chosen : "/usr/share/datasets/fashion-mnist";
  if (!fs::is_directory(folder)) {
    throw Error(folder +
                ": no such folder; install the Debian package dataset-fashion-mnist or set "
                "GANYMEDE_FASHION_MNIST to a folder with its four files");
  }
  return open_idx("Fashion-MNIST", folder,
                  {"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
                   "ankle boot"},
                  options);
}

std::unique_ptr<Dataset> open_mnist(const std::string& argument, const Options& options) {
  return open_idx("IDX " + argument, argument, {}, options);
}

}  // namespace ganymede::data
