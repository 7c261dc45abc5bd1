#include <algorithm>
#include <filesystem>

#include "engine/check.h"
#include "gan/data/augment.h"
#include "gan/data/openers.h"
#include "gan/data/picture_store.h"
#include "gan/data/resize.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

// Any pictures; sub-folders are classes. Fields "image" and, with classes, "label".
class Folder : public Dataset {
 public:
  Folder(const std::string& folder, const Options& options) : folder_(folder), options_(options) {
    require_folder(folder, "a folder of pictures");
    std::vector<std::string> paths = find(split_folder(folder));
    const std::vector<PictureInfo> infos = check_pictures(paths);
    channels_ = options.channels ? options.channels : common_channels(infos);
    height_ = width_ = options.size;
    if (options.size == 0) {
      const PictureInfo common = common_size(paths, infos);
      height_ = common.height, width_ = common.width;
    }
    const int64_t scaled = options.size == 0 ? 0 : std::max(options.size, options.load_size);
    scaled_ = options.size != 0 && std::any_of(infos.begin(), infos.end(), [&](const PictureInfo& info) {
                return info.height != scaled || info.width != scaled;
              });
    store_ = std::make_unique<PictureStore>(
        std::move(paths),
        [channels = channels_, scaled](Picture picture) {
          picture = with_channels(picture, channels);
          return scaled == 0 ? picture : covering(picture, scaled, scaled);
        },
        options.cache_bytes);
    fields_ = {{"image", {height_, width_, channels_}, Kind::real}};
    if (!class_names_.empty()) fields_.push_back({"label", {}, Kind::integer});
  }

  int64_t size() const override { return store_->size(); }

  std::string describe() const override {
    std::string text = "folder " + folder_ + ": " + std::to_string(size()) + " pictures";
    if (classes() > 0) text += " in " + std::to_string(classes()) + (classes() == 1 ? " class" : " classes");
    text += std::string(scaled_ ? ", scaled and cut to " : ", ") + std::to_string(height_) + "x" +
            std::to_string(width_) + "x" + std::to_string(channels_);
    if (options_.load_size > height_) text += " at random from " + std::to_string(options_.load_size);
    return text + (options_.flip ? ", flipped at random" : "");
  }

  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const Augmentation augmentation = draw_augmentation(options_, options_.load_size > height_, random);
    to_float(augmented(*store_->get(index), height_, width_, augmentation), out.real(0, row).data());
    if (!labels_.empty()) out.integer(1, row)[0] = labels_[static_cast<size_t>(index)];
  }

 private:
  // DIR/train or DIR/test (DIR/val) where the only sub-folders are such.
  std::string split_folder(const std::string& folder) const {
    const std::vector<std::string> wanted = options_.split == Split::train
                                                ? std::vector<std::string>{"train"}
                                                : std::vector<std::string>{"test", "val"};
    std::vector<std::string> names;
    for (const std::string& path : folders_in(folder)) names.push_back(fs::path(path).filename().string());
    const bool splits =
        !names.empty() && std::all_of(names.begin(), names.end(), [](const std::string& name) {
          return name == "train" || name == "test" || name == "val";
        });
    if (!splits || !pictures_in(folder).empty()) return folder;
    for (const std::string& name : wanted) {
      if (std::find(names.begin(), names.end(), name) != names.end())
        return (fs::path(folder) / name).string();
    }
    throw Error(folder + ": no sub-folder " + wanted[0] + " there, only " + names[0]);
  }

  std::vector<std::string> find(const std::string& folder) {
    std::vector<std::string> paths = pictures_in(folder);
    const size_t direct = paths.size();
    for (const std::string& sub : folders_in(folder)) {
      std::vector<std::string> inside = pictures_in(sub);
      if (inside.empty()) continue;
      if (direct > 0) {
        throw Error(folder + ": there are pictures both in the folder itself (" + paths[0] +
                    ") and in sub-folders (" + inside[0] +
                    "); sub-folders are classes, so move the former into one");
      }
      labels_.insert(labels_.end(), inside.size(), classes());
      class_names_.push_back(fs::path(sub).filename().string());
      paths.insert(paths.end(), inside.begin(), inside.end());
    }
    if (paths.empty()) fail_no_pictures(folder);
    return paths;
  }

  std::string folder_;
  Options options_;
  int64_t height_ = 0, width_ = 0, channels_ = 0;
  bool scaled_ = false;
  std::vector<int64_t> labels_;
  std::unique_ptr<PictureStore> store_;
};

}  // namespace

std::unique_ptr<Dataset> open_folder(const std::string& argument, const Options& options) {
  return std::make_unique<Folder>(argument, options);
}

}  // namespace ganymede::data
