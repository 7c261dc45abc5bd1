#include <algorithm>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/fitted_pictures.h"
#include "gan/data/openers.h"

namespace ganymede::data {
namespace {

constexpr int64_t kNaturalFrames = 8;

// Folders of frames in the order of their names. Field "clip" [frames, H, W, C]: a stretch of a folder, from
// its beginning in a test split, from anywhere otherwise.
class Clips : public Dataset {
 public:
  Clips(const std::string& argument, const Options& options) : options_(options) {
    const size_t comma = argument.rfind(',');
    folder_ = argument.substr(0, comma);
    if (comma != std::string::npos) {
      Arguments arguments("clips:" + argument, argument.substr(comma + 1));
      if (!arguments.words().empty())
        arguments.fail("'" + arguments.words()[0] + "' is no setting; known is frames=N");
      frames_ = arguments.integer("frames", kNaturalFrames, 1, 1000);
      arguments.finish();
    }
    require_folder(folder_, "a folder of frames for each clip");
    std::vector<std::string> paths;
    const std::string inside = split_folder(folder_, options.split);
    for (const std::string& clip : folders_in(inside)) {
      const std::vector<std::string> frames = pictures_in(clip);
      if (frames.empty()) continue;
      if (static_cast<int64_t>(frames.size()) < frames_) {
        throw Error(clip + ": " + counted(static_cast<int64_t>(frames.size()), "frame") + ", but clips of " +
                    std::to_string(frames_) + " are wanted; use clips:DIR,frames=N");
      }
      first_.push_back(static_cast<int64_t>(paths.size()));
      count_.push_back(static_cast<int64_t>(frames.size()));
      paths.insert(paths.end(), frames.begin(), frames.end());
    }
    if (paths.empty()) throw Error(inside + ": no sub-folders with frames (.png, .jpg, .jpeg, .bmp) there");
    pictures_ = std::make_unique<FittedPictures>(std::move(paths), options);
    fields_ = {
        {"clip", {frames_, pictures_->height(), pictures_->width(), pictures_->channels()}, Kind::real}};
  }

  int64_t size() const override { return static_cast<int64_t>(first_.size()); }
  std::string describe() const override {
    return "clips " + folder_ + ": " + counted(size(), "clip") + ", " + counted(frames_, "frame") +
           " of each, " + pictures_->describe();
  }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const size_t clip = static_cast<size_t>(index);
    const int64_t drawn = random.below(count_[clip] - frames_ + 1);
    const int64_t start = first_[clip] + (options_.split == Split::train ? drawn : 0);
    const Augmentation augmentation = pictures_->draw(random);
    const std::span<float> all = out.real(0, row);
    const size_t each = all.size() / static_cast<size_t>(frames_);
    for (int64_t frame = 0; frame < frames_; ++frame) {
      pictures_->read(start + frame, augmentation, all.subspan(static_cast<size_t>(frame) * each, each));
    }
  }

 private:
  Options options_;
  std::string folder_;
  int64_t frames_ = kNaturalFrames;
  std::vector<int64_t> first_, count_;  // of each clip's frames
  std::unique_ptr<FittedPictures> pictures_;
};

}  // namespace

std::unique_ptr<Dataset> open_clips(const std::string& argument, const Options& options) {
  return std::make_unique<Clips>(argument, options);
}

}  // namespace ganymede::data
