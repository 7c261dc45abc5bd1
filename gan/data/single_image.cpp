#include <algorithm>
#include <cmath>
#include <filesystem>

#include "engine/check.h"
#include "gan/data/augment.h"
#include "gan/data/openers.h"
#include "gan/data/picture_store.h"
#include "gan/data/resize.h"

namespace ganymede::data {
namespace {

// One picture in its own proportions: field "image". A size makes its longer side that long.
class SingleImage : public Dataset {
 public:
  SingleImage(const std::string& path, const Options& options) : path_(path), options_(options) {
    if (options.load_size != 0)
      throw UsageError("load size: nothing is cut from the one picture of image:FILE");
    reductions_ = reductions({path}, {picture_info(path, Check::whole)});
    picture_ = read_picture(path);
    own_height_ = picture_.height, own_width_ = picture_.width;
    picture_ = with_channels(picture_, options.channels ? options.channels : picture_.channels <= 2 ? 1 : 3);
    if (options.size != 0) {
      const int64_t longer = std::max(own_height_, own_width_);
      const auto scaled = [&](int64_t side) {
        const double exact = static_cast<double>(side * options.size) / static_cast<double>(longer);
        return std::max<int64_t>(std::llround(exact), 1);
      };
      picture_ = resized(picture_, scaled(own_height_), scaled(own_width_));
    }
    fields_ = {{"image", {picture_.height, picture_.width, picture_.channels}, Kind::real}};
  }

  int64_t size() const override { return 1; }
  std::string describe() const override {
    std::string text =
        "picture " + path_ + ", " + std::to_string(own_height_) + "x" + std::to_string(own_width_);
    if (own_height_ != picture_.height || own_width_ != picture_.width) {
      text += " scaled to " + std::to_string(picture_.height) + "x" + std::to_string(picture_.width);
    }
    return text + (options_.flip ? ", flipped at random" : "") + reductions_;
  }
  void read(int64_t, Random& random, HostBatch& out, int64_t row) const override {
    to_float(augmented(picture_, picture_.height, picture_.width, draw_augmentation(options_, false, random)),
             out.real(0, row).data());
  }

 private:
  std::string path_, reductions_;
  Options options_;
  Picture picture_;
  int64_t own_height_ = 0, own_width_ = 0;
};

}  // namespace

std::unique_ptr<Dataset> open_image(const std::string& argument, const Options& options) {
  return std::make_unique<SingleImage>(argument, options);
}

}  // namespace ganymede::data
