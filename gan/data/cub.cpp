#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/augment.h"
#include "gan/data/cub_lists.h"
#include "gan/data/openers.h"
#include "gan/data/picture_store.h"
#include "gan/data/resize.h"
#include "gan/data/words.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBirdSize = 64, kTokens = 24;

// CUB-200-2011: birds with class, box and part locations; captions where there is a folder
// text/CLASS/PICTURE.txt (one a line). With crop=box a picture is cut to a square round the bird, 1.5 times
// its box (StackGAN's rule).
class Cub : public Dataset {
 public:
  Cub(const std::string& argument, const Options& options)
      : options_(options), size_(options.size ? options.size : kBirdSize) {
    const size_t comma = argument.rfind(',');
    folder_ = argument.substr(0, comma);
    if (comma != std::string::npos) {
      Arguments arguments("cub:" + argument, argument.substr(comma + 1));
      if (!arguments.words().empty())
        arguments.fail("'" + arguments.words()[0] + "' is no setting; known is crop");
      crop_to_box_ = arguments.choice("crop", "box", {"box", "whole"}) == "box";
      arguments.finish();
    }
    require_folder(folder_, "images.txt and the other lists of CUB-200-2011");
    CubLists lists = read_cub_lists(folder_, [](const std::string& path) { return std::make_unique<std::ifstream>(path); });
    birds_ = std::move(lists.birds);
    class_names_ = std::move(lists.class_names);
    part_count_ = lists.part_count;
    read_captions();
    keep_split();
    std::vector<std::string> paths;
    for (const Bird& bird : birds_) paths.push_back(bird.path);
    infos_ = check_pictures(paths);
    const int64_t channels = options.channels ? options.channels : 3;
    const int64_t scaled = std::max(size_, options.load_size);
    store_ = std::make_unique<PictureStore>(
        std::move(paths),
        [this, channels, scaled](Picture picture, int64_t index) {
          const Rectangle part = part_of(index);
          picture = cropped(with_channels(picture, channels), part.top, part.left, part.height, part.width);
          return covering(picture, scaled, scaled);
        },
        options.cache_bytes);
    fields_ = {{"image", {size_, size_, channels}, Kind::real},
               {"label", {}, Kind::integer},
               {"boxes", {1, 5}, Kind::real},
               {"keypoints", {part_count_, 3}, Kind::real}};
    if (has_captions_) {
      fields_.insert(
          fields_.end(),
          {{"caption", {}, Kind::text}, {"tokens", {kTokens}, Kind::integer}, {"length", {}, Kind::integer}, {"characters", {kMostCharacters}, Kind::integer}});
      vocabulary_ = words_.words();
    }
  }

  int64_t size() const override { return static_cast<int64_t>(birds_.size()); }

  std::string describe() const override {
    return "CUB " + folder_ + ": " + counted(size(), "bird") + " in " + std::to_string(classes()) +
           " classes, " + (crop_to_box_ ? "cut to squares round the birds, " : "") + std::to_string(size_) +
           "x" + std::to_string(size_) + (has_captions_ ? ", captions with " : ", no captions") +
           (has_captions_ ? counted(static_cast<int64_t>(vocabulary_.size()) - 1, "word") : "") +
           (options_.flip ? ", flipped at random" : "");
  }

  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const Bird& bird = birds_[static_cast<size_t>(index)];
    const bool cut = options_.load_size > size_;
    const Augmentation augmentation = draw_augmentation(options_, cut, random);
    const auto picture = store_->get(index);
    to_float(augmented(*picture, size_, size_, augmentation), out.real(0, row).data());
    out.integer(1, row)[0] = bird.label;

    const Rectangle part = part_of(index);
    const Cover cover = cover_of(part.height, part.width, picture->height, picture->width);
    const double shift_x =
        static_cast<double>(cover.left + cut_start(picture->width - size_, augmentation.left));
    const double shift_y =
        static_cast<double>(cover.top + cut_start(picture->height - size_, augmentation.top));
    const double side = static_cast<double>(size_);
    const auto place_x = [&](double x) {
      const double placed = (x - static_cast<double>(part.left)) * cover.scale_x - shift_x;
      return augmentation.flip ? side - placed : placed;
    };
    const auto place_y = [&](double y) {
      return (y - static_cast<double>(part.top)) * cover.scale_y - shift_y;
    };

    const std::span<float> box = out.real(2, row), keypoints = out.real(3, row);
    const double x0 = place_x(bird.left), x1 = place_x(bird.left + bird.width);
    const double corners[] = {std::min(x0, x1), place_y(bird.top), std::max(x0, x1),
                              place_y(bird.top + bird.height)};
    box[0] = static_cast<float>(bird.label);
    for (size_t i = 0; i < 4; ++i) box[i + 1] = static_cast<float>(std::clamp(corners[i], 0.0, side));
    for (size_t i = 0; i < bird.parts.size(); ++i) {
      const double x = place_x(bird.parts[i].x), y = place_y(bird.parts[i].y);
      const bool inside = x >= 0 && y >= 0 && x < side && y < side;
      keypoints[3 * i] = static_cast<float>(x), keypoints[3 * i + 1] = static_cast<float>(y);
      keypoints[3 * i + 2] = bird.parts[i].visible && inside ? 1 : 0;
    }
    if (has_captions_) {
      const std::string& caption =
          bird.captions[static_cast<size_t>(random.below(static_cast<int64_t>(bird.captions.size())))];
      std::vector<int64_t> tokens = words_.encode(caption, kTokens);
      out.text(4, row) = caption;
      out.integer(6, row)[0] = static_cast<int64_t>(tokens.size());
      tokens.resize(kTokens, 0);
      std::copy(tokens.begin(), tokens.end(), out.integer(5, row).begin());
      const std::vector<int64_t> characters = characters_of(caption);
      std::copy(characters.begin(), characters.end(), out.integer(7, row).begin());
    }
  }

 private:
  struct Rectangle {
    int64_t top, left, height, width;
  };

  void read_captions() {
    has_captions_ = fs::is_directory(folder_ + "/text");
    if (!has_captions_) return;
    std::vector<std::string> all;
    for (Bird& bird : birds_) {
      fs::path path = fs::path(folder_) / "text" / fs::relative(bird.path, folder_ + "/images");
      path.replace_extension(".txt");
      std::ifstream file(path);
      for (std::string line; std::getline(file, line);) {
        if (!words_of(line).empty()) bird.captions.push_back(line);
      }
      if (bird.captions.empty()) throw Error(path.string() + ": no captions there");
      all.insert(all.end(), bird.captions.begin(), bird.captions.end());
    }
    words_ = Vocabulary(all);
  }

  void keep_split() {
    const bool train = options_.split == Split::train;
    std::erase_if(birds_, [train](const Bird& bird) { return bird.train != train; });
    if (birds_.empty())
      throw Error(folder_ + ": no pictures in the " + (train ? "train" : "test") + " split");
  }

  // What is cut out of the picture before it is scaled.
  Rectangle part_of(int64_t index) const {
    const PictureInfo& info = infos_[static_cast<size_t>(index)];
    if (!crop_to_box_) return {0, 0, info.height, info.width};
    const Bird& bird = birds_[static_cast<size_t>(index)];
    const double half = 0.75 * std::max(bird.width, bird.height);
    const auto span = [half](double middle, int64_t most) {
      const int64_t first = std::clamp<int64_t>(std::llround(middle - half), 0, most - 1);
      return std::pair(first, std::clamp<int64_t>(std::llround(middle + half), first + 1, most));
    };
    const auto [top, bottom] = span(bird.top + bird.height / 2, info.height);
    const auto [left, right] = span(bird.left + bird.width / 2, info.width);
    return {top, left, bottom - top, right - left};
  }

  Options options_;
  std::string folder_;
  int64_t size_, part_count_ = 0;
  bool crop_to_box_ = true, has_captions_ = false;
  std::vector<Bird> birds_;
  std::vector<PictureInfo> infos_;
  Vocabulary words_;
  std::unique_ptr<PictureStore> store_;
};

}  // namespace

std::unique_ptr<Dataset> open_cub(const std::string& argument, const Options& options) {
  return std::make_unique<Cub>(argument, options);
}

}  // namespace ganymede::data
