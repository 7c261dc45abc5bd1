#include "gan/data/pixel_set.h"

#include <algorithm>

#include "gan/data/augment.h"
#include "gan/data/resize.h"

namespace ganymede::data {

PixelSet::PixelSet(Content content, const Options& options)
    : content_(std::move(content)),
      options_(options),
      height_(options.size ? options.size : content_.height),
      width_(options.size ? options.size : content_.width),
      channels_(options.channels ? options.channels : content_.channels) {
  scaled_height_ = std::max(height_, options.load_size);
  scaled_width_ = std::max(width_, options.load_size);
  pad_ = scaled_height_ >= content_.height && scaled_width_ >= content_.width &&
         4 * scaled_height_ <= 5 * content_.height && 4 * scaled_width_ <= 5 * content_.width;
  fields_ = {{"image", {height_, width_, channels_}, Kind::real}, {"label", {}, Kind::integer}};
  class_names_ = content_.class_names;
}

std::string PixelSet::describe() const {
  const auto shape = [](int64_t h, int64_t w, int64_t c) {
    return std::to_string(h) + "x" + std::to_string(w) + "x" + std::to_string(c);
  };
  std::string text = content_.name + ": " + std::to_string(size()) + " pictures of " +
                     shape(content_.height, content_.width, content_.channels) + " in " +
                     std::to_string(classes()) + " classes";
  if (scaled_height_ != content_.height || scaled_width_ != content_.width ||
      channels_ != content_.channels) {
    text += std::string(pad_ && (scaled_height_ != content_.height || scaled_width_ != content_.width)
                            ? ", padded with -1 to "
                        : pad_ ? ", as "
                               : ", scaled to ") +
            shape(scaled_height_, scaled_width_, channels_);
  }
  if (scaled_height_ > height_) text += ", cut at random to " + shape(height_, width_, channels_);
  return text + (options_.flip ? ", flipped at random" : "");
}

void PixelSet::read(int64_t index, Random& random, HostBatch& out, int64_t row) const {
  Picture picture(content_.height, content_.width, content_.channels);
  const size_t count = picture.pixels.size();
  std::copy_n(&content_.pixels[static_cast<size_t>(index) * count], count, picture.pixels.begin());
  picture = pad_ ? padded(picture, scaled_height_, scaled_width_, 0)
                 : covering(picture, scaled_height_, scaled_width_);
  if (picture.channels != channels_) picture = with_channels(picture, channels_);
  const Augmentation augmentation = draw_augmentation(options_, scaled_height_ > height_, random);
  to_float(augmented(picture, height_, width_, augmentation), out.real(0, row).data());
  out.integer(1, row)[0] = content_.labels[static_cast<size_t>(index)];
}

}  // namespace ganymede::data
