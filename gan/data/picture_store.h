#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gan/data/dataset.h"
#include "gan/data/picture.h"
#include "gan/data/picture_file.h"

namespace ganymede::data {

// Picture files in a folder (not below it), sorted by name; hidden files are passed over.
std::vector<std::string> pictures_in(const std::string& folder);
// Folders in a folder, sorted; hidden ones are passed over.
std::vector<std::string> folders_in(const std::string& folder);
// DIR/train, or DIR/test (else DIR/val), where such folders are all that DIR holds (but for ground_truth, MVTec AD's masks of flaws);
// otherwise DIR itself.
std::string split_folder(const std::string& folder, Split split);
// All pictures in a folder or, where it has none itself, in its sub-folders; throws when there is none.
std::vector<std::string> pictures_below(const std::string& folder);
// One line for "there is nothing here": what was looked for and what is there instead.
[[noreturn]] void fail_no_pictures(const std::string& folder);
// Throws unless it is a folder; `wanted` says what should be in it.
void require_folder(const std::string& folder, const std::string& wanted);

// Looks at every file, so that training does not start on broken ones: all of the file while they have at
// most 1 GiB together, else the header. Throws for the first bad one and says how many more there are.
std::vector<PictureInfo> check_pictures(const std::vector<std::string>& paths);

// Height and width that all pictures share. Throws naming two that differ and asking for a size.
PictureInfo common_size(const std::vector<std::string>& paths, const std::vector<PictureInfo>& infos);

// "; FILE is animated, its first picture is read (and 2 more like it)": of the first file of which something is lost; empty if
// there is none.
std::string reductions(const std::vector<std::string>& paths, const std::vector<PictureInfo>& infos);

// 1 when every picture is grey, else 3.
int64_t common_channels(const std::vector<PictureInfo>& infos);

// Pictures of files, decoded and prepared on first use, then kept while they fit into `cache_bytes`.
class PictureStore {
 public:
  using Prepare = std::function<Picture(Picture, int64_t index)>;
  PictureStore(std::vector<std::string> paths, Prepare prepare, int64_t cache_bytes);

  int64_t size() const { return static_cast<int64_t>(paths_.size()); }
  const std::string& path(int64_t index) const { return paths_[static_cast<size_t>(index)]; }
  std::shared_ptr<const Picture> get(int64_t index) const;  // safe from several threads

 private:
  std::vector<std::string> paths_;
  Prepare prepare_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const Picture>> kept_;
  mutable int64_t free_bytes_;
};

}  // namespace ganymede::data
