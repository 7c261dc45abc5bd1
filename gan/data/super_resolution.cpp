#include <algorithm>
#include <filesystem>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/augment.h"
#include "gan/data/openers.h"
#include "gan/data/picture_store.h"
#include "gan/data/transform.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

enum class Source { made, paired, unpaired };  // where low-resolution pictures come from

struct Specification {
  std::string folder;
  int64_t scale = 0;
  Degradation degradation = Degradation::bicubic;
};

// DIR,scale or DIR,scale,degradation; DIR may hold commas itself.
Specification parse(const std::string& kind, const std::string& argument, bool with_degradation) {
  Specification found;
  std::string rest = argument;
  const auto take = [&rest] {
    const size_t comma = rest.rfind(',');
    const std::string word = comma == std::string::npos ? "" : rest.substr(comma + 1);
    rest = rest.substr(0, comma);
    return word;
  };
  std::string word = take();
  if (with_degradation && !word.empty() && word.find_first_not_of("0123456789") != std::string::npos) {
    found.degradation = degradation_named(word);
    word = take();
  }
  if (word.empty() || word.size() > 2 || word.find_first_not_of("0123456789") != std::string::npos ||
      std::stoi(word) < 2 || std::stoi(word) > 16) {
    throw UsageError("data '" + kind + ":" + argument +
                     "': a scale from 2 to 16 must follow the folder, as in " + kind + ":DIR,4" +
                     (with_degradation ? " or " + kind + ":DIR,4," + joined(degradation_names(), "|") : ""));
  }
  found.scale = std::stoi(word);
  found.folder = rest;
  return found;
}

// Pictures from which parts are cut as they are, never scaled.
struct Side {
  std::vector<PictureInfo> infos;
  std::unique_ptr<PictureStore> store;
  int64_t height = 0, width = 0;  // of the part
};

// Fields "high" and "low"; a picture is `scale` times as large in "high".
class SuperResolution : public Dataset {
 public:
  SuperResolution(Source source, const Specification& specification, const Options& options)
      : source_(source), specification_(specification), options_(options) {
    options_.size = options.size_by(specification.scale);
    if (options.load_size != 0) throw UsageError("load size: pictures for super-resolution are not scaled");
    if (options_.size % specification.scale != 0) {
      throw UsageError("size is " + std::to_string(options_.size) + "; it must be a multiple of the scale " +
                       std::to_string(specification.scale));
    }
    const fs::path folder = specification.folder;
    require_folder(folder.string(), source == Source::made ? "a folder of pictures" : "folders high and low");
    if (source == Source::made) {
      open(high_, pictures_below(split_folder(folder.string(), options.split)), specification.scale,
           options_.size);
    } else {
      open(high_, found((folder / "high").string()), specification.scale, options_.size);
      open(low_, found((folder / "low").string()), 1, high_.height / specification.scale);
      if (source == Source::paired) check_partners();
    }
    const int64_t channels = channels_of(options);
    fields_ = {{"high", {high_.height, high_.width, channels}, Kind::real},
               {"low",
                {high_.height / specification.scale, high_.width / specification.scale, channels},
                Kind::real}};
  }

  int64_t size() const override { return high_.store->size(); }

  std::string describe() const override {
    const std::string scale = std::to_string(specification_.scale);
    const std::string how =
        source_ == Source::made
            ? "reduced " + scale + " times (" +
                  degradation_names()[static_cast<size_t>(specification_.degradation)] + ")"
        : source_ == Source::paired
            ? "with partners " + scale + " times smaller"
            : "and " + counted(low_.store->size(), "other") + " " + scale + " times smaller";
    return "super-resolution " + specification_.folder + ": " + counted(size(), "picture") + " " + how +
           ", parts of " + std::to_string(high_.height) + "x" + std::to_string(high_.width) +
           (options_.flip ? ", flipped at random" : "");
  }

  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const bool cut = options_.split == Split::train;
    const Augmentation augmentation = draw_augmentation(options_, cut, random);
    if (source_ == Source::paired) return read_partners(index, augmentation, out, row);
    const std::span<float> high = out.real(0, row), low = out.real(1, row);
    to_float(augmented(*high_.store->get(index), high_.height, high_.width, augmentation), high.data());
    if (source_ == Source::made) {
      const Image image{high_.height, high_.width, fields_[0].shape[2], {high.begin(), high.end()}};
      const Image small = degraded(image, specification_.scale, specification_.degradation, random);
      std::copy(small.values.begin(), small.values.end(), low.begin());
      return;
    }
    const int64_t drawn = random.below(low_.store->size());
    const int64_t other = cut ? drawn : index % low_.store->size();
    to_float(
        augmented(*low_.store->get(other), low_.height, low_.width, draw_augmentation(options_, cut, random)),
        low.data());
  }

 private:
  static std::vector<std::string> found(const std::string& folder) {
    require_folder(folder, "a folder of pictures");
    return pictures_below(folder);
  }

  int64_t channels_of(const Options& options) const {
    if (options.channels) return options.channels;
    return std::max(common_channels(high_.infos), low_.infos.empty() ? 1 : common_channels(low_.infos));
  }

  // `size` 0: whole pictures, which must all have one size; rows and columns beyond a multiple of the scale
  // go.
  void open(Side& side, std::vector<std::string> paths, int64_t scale, int64_t size) {
    side.infos = check_pictures(paths);
    side.height = side.width = size;
    if (size == 0) {
      const PictureInfo common = common_size(paths, side.infos);
      side.height = common.height / scale * scale, side.width = common.width / scale * scale;
    }
    for (size_t i = 0; i < paths.size(); ++i) {
      const PictureInfo& info = side.infos[i];
      if (side.height < 1 || side.width < 1 || info.height < side.height || info.width < side.width) {
        throw Error(
            paths[i] + ": a picture of " + std::to_string(info.width) + "x" + std::to_string(info.height) +
            " is smaller than the parts of " + std::to_string(std::max(side.width, scale)) + "x" +
            std::to_string(std::max(side.height, scale)) + " to be cut from it; choose a smaller --size");
      }
    }
    side.store = std::make_unique<PictureStore>(
        std::move(paths),
        [this](Picture picture, int64_t) { return with_channels(picture, fields_[0].shape[2]); },
        options_.cache_bytes);
  }

  void check_partners() const {
    if (high_.store->size() != low_.store->size()) {
      throw Error(specification_.folder + ": " + counted(high_.store->size(), "picture") + " in high, but " +
                  std::to_string(low_.store->size()) + " in low");
    }
    for (int64_t i = 0; i < high_.store->size(); ++i) {
      const std::string &high = high_.store->path(i), &low = low_.store->path(i);
      if (fs::path(high).stem() != fs::path(low).stem())
        throw Error(high + ": no partner in low, where " + low + " comes next");
      const PictureInfo &a = high_.infos[static_cast<size_t>(i)], &b = low_.infos[static_cast<size_t>(i)];
      if (a.height / specification_.scale == b.height && a.width / specification_.scale == b.width) continue;
      throw Error(low + ": is " + std::to_string(b.width) + "x" + std::to_string(b.height) + ", but a " +
                  std::to_string(specification_.scale) + "th of " + high + " is " +
                  std::to_string(a.width / specification_.scale) + "x" +
                  std::to_string(a.height / specification_.scale));
    }
  }

  // The same part of both: it starts at a multiple of the scale in the large picture.
  void read_partners(int64_t index, const Augmentation& augmentation, HostBatch& out, int64_t row) const {
    const auto low = low_.store->get(index), high = high_.store->get(index);
    const int64_t top = cut_start(low->height - low_.height, augmentation.top);
    const int64_t left = cut_start(low->width - low_.width, augmentation.left);
    const auto write = [&](const Picture& picture, const Side& side, int64_t scale, size_t field) {
      const Picture part = cropped(picture, top * scale, left * scale, side.height, side.width);
      to_float(augmentation.flip ? mirrored(part) : part, out.real(field, row).data());
    };
    write(*high, high_, specification_.scale, 0);
    write(*low, low_, 1, 1);
  }

  Source source_;
  Specification specification_;
  Options options_;
  Side high_, low_;
};

}  // namespace

std::unique_ptr<Dataset> open_super_resolution(const std::string& argument, const Options& options) {
  return std::make_unique<SuperResolution>(Source::made, parse("sr", argument, true), options);
}
std::unique_ptr<Dataset> open_super_resolution_pairs(const std::string& argument, const Options& options) {
  return std::make_unique<SuperResolution>(Source::paired, parse("sr-pairs", argument, false), options);
}
std::unique_ptr<Dataset> open_super_resolution_unpaired(const std::string& argument, const Options& options) {
  return std::make_unique<SuperResolution>(Source::unpaired, parse("sr-unpaired", argument, false), options);
}

}  // namespace ganymede::data
