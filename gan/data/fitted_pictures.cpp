#include "gan/data/fitted_pictures.h"

#include <algorithm>

#include "engine/check.h"

namespace ganymede::data {
namespace {

Picture part_of(Picture picture, Part part) {
  if (part == Part::whole) return picture;
  const int64_t half = picture.width / 2;
  return cropped(picture, 0, part == Part::left_half ? 0 : half, picture.height, half);
}

}  // namespace

FittedPictures::FittedPictures(std::vector<std::string> paths, const Options& options, Part part, Filter filter)
    : options_(options), infos_(check_pictures(paths)) {
  reductions_ = reductions(paths, infos_);
  channels_ = options.channels ? options.channels : common_channels(infos_);
  std::vector<PictureInfo> parts = infos_;
  for (size_t i = 0; part != Part::whole && i < parts.size(); ++i) {
    if (parts[i].width % 2 != 0) {
      throw Error(paths[i] + ": a pair side by side has an even width, not " +
                  std::to_string(parts[i].width));
    }
    parts[i].width /= 2;
  }
  height_ = width_ = options.size;
  if (options.size == 0) {
    const PictureInfo common = common_size(paths, parts);
    height_ = common.height, width_ = common.width;
  }
  const int64_t scaled = options.size == 0 ? 0 : std::max(options.size, options.load_size);
  scaled_ = scaled != 0 && std::any_of(parts.begin(), parts.end(), [scaled](const PictureInfo& info) {
              return info.height != scaled || info.width != scaled;
            });
  store_ = std::make_unique<PictureStore>(
      std::move(paths),
      [channels = channels_, scaled, part, filter](Picture picture, int64_t) {
        picture = with_channels(part_of(std::move(picture), part), channels);
        return scaled == 0 ? picture : covering(picture, scaled, scaled, filter);
      },
      options.cache_bytes);
}

std::string FittedPictures::describe() const {
  std::string text = (scaled_ ? "scaled and cut to " : "") + std::to_string(height_) + "x" +
                     std::to_string(width_) + "x" + std::to_string(channels_);
  if (options_.load_size > height_) text += " at random from " + std::to_string(options_.load_size);
  return text + (options_.flip ? ", flipped at random" : "") + reductions_;
}

Augmentation FittedPictures::draw(Random& random) const {
  return draw_augmentation(options_, options_.load_size > height_, random);
}

Picture FittedPictures::picture(int64_t index, const Augmentation& augmentation) const {
  return augmented(*store_->get(index), height_, width_, augmentation);
}

void FittedPictures::read(int64_t index, const Augmentation& augmentation, std::span<float> out) const {
  to_float(picture(index, augmentation), out.data());
}

}  // namespace ganymede::data
