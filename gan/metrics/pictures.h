// Many 8-bit pictures of one size in host memory: what measures compare. Generated pictures are rounded and clipped to bytes
// first, like files.
#pragma once
#include "engine/tensor.h"
#include "gan/data/dataset.h"
#include "gan/data/picture.h"

namespace ganymede::metrics {

struct Pictures {
  int64_t count = 0, height = 0, width = 0, channels = 0;
  std::vector<uint8_t> bytes;    // [count, height, width, channels]
  std::vector<int64_t> labels;   // one a picture, or none at all

  int64_t bytes_each() const { return height * width * channels; }
  data::Picture picture(int64_t i) const;
  // Pictures [first, first + n) as [n, H, W, C] in [-1, 1] (byte / 127.5 - 1) on the context's device, in its dtype.
  Tensor tensor(int64_t first, int64_t n) const;
  // Appends x [n, H, W, C] in [-1, 1], rounded and clipped. Throws Error for another size than the first, or numbers that are not
  // finite.
  void append(const Tensor& x);
  Pictures first(int64_t n) const;
  std::string size_text() const;  // "28x28, grey"
};

// The normal pictures (field "image", and "label" if there is one) of a data set; of at most `most`, drawn without repetition by seed. 0: all.
Pictures read_pictures(const data::Dataset& set, int64_t most = 0, uint64_t seed = 1);

}  // namespace ganymede::metrics
