#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gan/data/augment.h"
#include "gan/data/dataset.h"
#include "gan/data/picture_store.h"
#include "gan/data/resize.h"

namespace ganymede::data {

enum class Part { whole, left_half, right_half };

// Picture files made to fit the options: all of one size and number of channels, checked when this is made.
class FittedPictures {
 public:
  // Throws the first bad file; with no size asked for, pictures that differ; halves of an odd width. filter: by which they are scaled.
  FittedPictures(std::vector<std::string> paths, const Options& options, Part part = Part::whole, Filter filter = Filter::cubic);

  int64_t size() const { return store_->size(); }
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  int64_t channels() const { return channels_; }
  std::vector<int64_t> shape() const { return {height_, width_, channels_}; }
  const std::string& path(int64_t index) const { return store_->path(index); }
  const std::vector<PictureInfo>& infos() const { return infos_; }  // of the files as they are
  // One picture, as read() gives it.
  Picture picture(int64_t index, const Augmentation& augmentation) const;
  // "scaled and cut to 32x32x3, flipped at random".
  std::string describe() const;

  Augmentation draw(Random& random) const;
  void read(int64_t index, const Augmentation& augmentation, std::span<float> out) const;

 private:
  Options options_;
  int64_t height_ = 0, width_ = 0, channels_ = 0;
  bool scaled_ = false;
  std::string reductions_;
  std::vector<PictureInfo> infos_;
  std::unique_ptr<PictureStore> store_;
};

}  // namespace ganymede::data
