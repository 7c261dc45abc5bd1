#include <filesystem>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/fitted_pictures.h"
#include "gan/data/openers.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

// Any pictures; sub-folders are classes. Fields "image" and, with classes, "label".
class Folder : public Dataset {
 public:
  Folder(const std::string& folder, const Options& options) : folder_(folder) {
    require_folder(folder, "a folder of pictures");
    pictures_ = std::make_unique<FittedPictures>(find(split_folder(folder, options.split)), options);
    fields_ = {{"image", pictures_->shape(), Kind::real}};
    if (classes() > 0) fields_.push_back({"label", {}, Kind::integer});
  }

  int64_t size() const override { return pictures_->size(); }

  std::string describe() const override {
    std::string text = "folder " + folder_ + ": " + counted(size(), "picture");
    if (classes() > 0) text += " in " + std::to_string(classes()) + (classes() == 1 ? " class" : " classes");
    return text + ", " + pictures_->describe();
  }

  int64_t label(int64_t index) const override { return labels_.at(static_cast<size_t>(index)); }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    pictures_->read(index, pictures_->draw(random), out.real(0, row));
    if (!labels_.empty()) out.integer(1, row)[0] = labels_[static_cast<size_t>(index)];
  }

 private:
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
  std::vector<int64_t> labels_;
  std::unique_ptr<FittedPictures> pictures_;
};

}  // namespace

std::unique_ptr<Dataset> open_folder(const std::string& argument, const Options& options) {
  return std::make_unique<Folder>(argument, options);
}

}  // namespace ganymede::data
