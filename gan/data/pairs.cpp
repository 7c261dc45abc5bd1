#include <algorithm>
#include <filesystem>
#include <map>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/fitted_pictures.h"
#include "gan/data/openers.h"
#include "gan/data/transform.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

std::string stem_of(const std::string& path) { return fs::path(path).stem().string(); }

// Pictures of A, each with the one of B that has its name (whatever the ending).
std::vector<std::string> partners(const std::vector<std::string>& a, const std::vector<std::string>& b,
                                  const std::string& folder_b) {
  std::map<std::string, std::string> by_name;
  for (const std::string& path : b) {
    const auto [place, fresh] = by_name.emplace(stem_of(path), path);
    if (!fresh) throw Error(path + ": has the same name as " + place->second + "; a pair needs one of them");
  }
  std::vector<std::string> found;
  for (const std::string& path : a) {
    const auto partner = by_name.find(stem_of(path));
    if (partner == by_name.end()) throw Error(path + ": no partner " + stem_of(path) + ".* in " + folder_b);
    found.push_back(partner->second);
    by_name.erase(partner);
  }
  if (!by_name.empty()) throw Error(by_name.begin()->second + ": no partner of that name on side A");
  return found;
}

// What side A of a folder may hold in label maps: classes.txt, or else the colours of those to train on.
Palette palette_in(const std::string& folder) {
  const fs::path list = fs::path(folder) / "classes.txt", a = fs::path(folder) / "A";
  if (fs::is_regular_file(list)) return palette_file(list.string());
  if (!fs::is_directory(a)) throw Error(folder + ": label maps side by side with pictures need classes.txt, a line RED GREEN BLUE NAME for each colour");
  return palette_of_pictures(pictures_below(split_folder(a.string(), Split::train)));
}

// Fields "a" and "b": two halves of one picture, or two pictures of one name. Of label maps also "semantic", and a in the palette's colours.
class Pairs : public Dataset {
 public:
  Pairs(const std::string& folder, const Options& options, bool label_maps = false) : folder_(folder) {
    const Filter filter = label_maps ? Filter::nearest : Filter::cubic;
    Options side_a = options;
    if (label_maps) side_a.channels = 3;
    require_folder(folder, label_maps ? "folders A of label maps and B of pictures, or both side by side" : "pictures A|B side by side, or folders A and B");
    const std::string a = (fs::path(folder) / "A").string(), b = (fs::path(folder) / "B").string();
    if (fs::is_directory(a) != fs::is_directory(b)) {
      throw Error(folder + ": there is a folder " + (fs::is_directory(a) ? "A, but no B" : "B, but no A"));
    }
    if (fs::is_directory(a)) {
      const std::string side_b = split_folder(b, options.split);
      const std::vector<std::string> paths = pictures_below(split_folder(a, options.split));
      a_ = std::make_unique<FittedPictures>(paths, side_a, Part::whole, filter);
      b_ = std::make_unique<FittedPictures>(partners(paths, pictures_below(side_b), side_b), options);
      check_sizes();
    } else {
      const std::vector<std::string> paths = pictures_below(split_folder(folder, options.split));
      a_ = std::make_unique<FittedPictures>(paths, side_a, Part::left_half, filter);
      b_ = std::make_unique<FittedPictures>(paths, options, Part::right_half);
      side_by_side_ = true;
    }
    fields_ = {{"a", a_->shape(), Kind::real}, {"b", b_->shape(), Kind::real}};
    if (!label_maps) return;
    palette_ = palette_in(folder);
    fields_.push_back({"semantic", {a_->height(), a_->width()}, Kind::integer});
  }

  int64_t size() const override { return a_->size(); }
  std::string describe() const override {
    const std::string what = palette_.empty() ? "pairs " : "label maps of " + counted(palette_.size(), "meaning") + " and pictures ";
    return what + folder_ + ": " + counted(size(), "picture") +
           (side_by_side_ ? " cut into left and right" : " in A and in B") + ", " + a_->describe();
  }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const Augmentation augmentation = a_->draw(random);
    b_->read(index, augmentation, out.real(1, row));
    if (palette_.empty()) return a_->read(index, augmentation, out.real(0, row));
    const std::vector<int64_t> meanings = palette_.read(a_->picture(index, augmentation));
    std::copy(meanings.begin(), meanings.end(), out.integer(2, row).begin());
    to_float(palette_.drawn(meanings, a_->height(), a_->width()), out.real(0, row).data());
  }

 private:
  void check_sizes() const {
    for (int64_t i = 0; i < a_->size(); ++i) {
      const PictureInfo &a = a_->infos()[static_cast<size_t>(i)], &b = b_->infos()[static_cast<size_t>(i)];
      if (a.height == b.height && a.width == b.width) continue;
      throw Error("a pair of unequal size: " + a_->path(i) + " is " + std::to_string(a.width) + "x" +
                  std::to_string(a.height) + ", " + b_->path(i) + " is " + std::to_string(b.width) + "x" +
                  std::to_string(b.height));
    }
  }

  std::string folder_;
  bool side_by_side_ = false;
  std::unique_ptr<FittedPictures> a_, b_;
};

// Field "b" is a plain picture, "a" what a transform makes of it.
class MadePairs : public Dataset {
 public:
  MadePairs(const std::string& folder, const std::string& task, const Options& options)
      : folder_(folder), task_(task), transform_(transform_named(task)) {
    require_folder(folder, "a folder of pictures");
    pictures_ =
        std::make_unique<FittedPictures>(pictures_below(split_folder(folder, options.split)), options);
    if (transform_ == Transform::colourise && pictures_->channels() == 1) {
      throw Error(folder + ": nothing to colourise, the pictures are grey");
    }
    fields_ = {{"a",
                {pictures_->height(), pictures_->width(), channels_after(transform_, pictures_->channels())},
                Kind::real},
               {"b", pictures_->shape(), Kind::real}};
  }

  int64_t size() const override { return pictures_->size(); }
  std::string describe() const override {
    return "pairs made (" + task_ + ") from " + folder_ + ": " + counted(size(), "picture") + ", " +
           pictures_->describe();
  }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const std::span<float> b = out.real(1, row);
    pictures_->read(index, pictures_->draw(random), b);
    const Image image{pictures_->height(), pictures_->width(), pictures_->channels(), {b.begin(), b.end()}};
    const Image a = transformed(image, transform_, random);
    std::copy(a.values.begin(), a.values.end(), out.real(0, row).begin());
  }

 private:
  std::string folder_, task_;
  Transform transform_;
  std::unique_ptr<FittedPictures> pictures_;
};

// Fields "a" and "b" from folders that have nothing to do with each other. Every picture of the larger side
// comes once an epoch; to each, a picture of the other side is drawn (in a test split they go round in
// order).
class Unpaired : public Dataset {
 public:
  Unpaired(const std::string& folder, const Options& options)
      : folder_(folder), draws_(options.split == Split::train) {
    require_folder(folder, "trainA and trainB, or A and B");
    const std::string start = options.split == Split::train ? "train" : "test";
    for (const char* side : {"A", "B"}) {
      fs::path inside = fs::path(folder) / (start + side);
      if (!fs::is_directory(inside)) inside = fs::path(folder) / side;
      if (!fs::is_directory(inside)) {
        throw Error(folder + ": neither a folder " + start + side + " nor " + side + " there");
      }
      sides_.push_back(std::make_unique<FittedPictures>(
          pictures_below(split_folder(inside.string(), options.split)), options));
    }
    fields_ = {{"a", sides_[0]->shape(), Kind::real}, {"b", sides_[1]->shape(), Kind::real}};
  }

  int64_t size() const override { return std::max(sides_[0]->size(), sides_[1]->size()); }
  std::string describe() const override {
    return "unpaired " + folder_ + ": " + counted(sides_[0]->size(), "picture") + " in A, " +
           std::to_string(sides_[1]->size()) + " in B, " + sides_[0]->describe();
  }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const size_t larger = sides_[1]->size() > sides_[0]->size() ? 1 : 0;
    for (size_t side = 0; side < 2; ++side) {
      const int64_t count = sides_[side]->size(), drawn = random.below(count);
      const int64_t chosen = side == larger ? index : draws_ ? drawn : index % count;
      sides_[side]->read(chosen, sides_[side]->draw(random), out.real(side, row));
    }
  }

 private:
  std::string folder_;
  bool draws_;
  std::vector<std::unique_ptr<FittedPictures>> sides_;
};

}  // namespace

std::unique_ptr<Dataset> open_pairs(const std::string& argument, const Options& options) {
  return std::make_unique<Pairs>(argument, options);
}

std::unique_ptr<Dataset> open_labels(const std::string& argument, const Options& options) {
  return std::make_unique<Pairs>(argument, options, true);
}

std::unique_ptr<Dataset> open_made_pairs(const std::string& argument, const Options& options) {
  const size_t comma = argument.rfind(',');
  if (comma == std::string::npos) {
    throw UsageError("data 'make-pairs:" + argument + "': a comma and a task are missing; known are " +
                     joined(transform_names()));
  }
  return std::make_unique<MadePairs>(argument.substr(0, comma), argument.substr(comma + 1), options);
}

std::unique_ptr<Dataset> open_unpaired(const std::string& argument, const Options& options) {
  return std::make_unique<Unpaired>(argument, options);
}

}  // namespace ganymede::data
