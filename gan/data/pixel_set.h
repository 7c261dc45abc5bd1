#pragma once

#include <string>
#include <vector>

#include "gan/data/dataset.h"
#include "gan/data/picture.h"

namespace ganymede::data {

// Small labelled pictures of one size, all in memory: fields "image" and "label".
// A wanted size up to a quarter larger than theirs is reached by a border of 0 (that is -1), others by
// scaling.
class PixelSet : public Dataset {
 public:
  struct Content {
    std::string name;  // for describe()
    int64_t height, width, channels;
    std::vector<uint8_t> pixels;  // [N, height, width, channels]
    std::vector<uint8_t> labels;  // [N]
    std::vector<std::string> class_names;
  };
  PixelSet(Content content, const Options& options);

  int64_t size() const override { return static_cast<int64_t>(content_.labels.size()); }
  std::string describe() const override;
  int64_t label(int64_t index) const override { return content_.labels[static_cast<size_t>(index)]; }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override;

 private:
  Content content_;
  Options options_;
  int64_t height_, width_, channels_, scaled_height_, scaled_width_;
  bool pad_;
};

}  // namespace ganymede::data
