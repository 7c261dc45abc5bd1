#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ganymede::data {

// An array of unsigned bytes from an IDX file (LeCun's format of MNIST), gzipped or not.
struct Idx {
  std::vector<int64_t> shape;
  std::vector<uint8_t> values;
};

// Throws, naming the file and both values, unless magic, element type, rank and length are exactly right.
// The length is compared with the file before anything is allocated.
Idx read_idx(const std::string& path, int rank);

}  // namespace ganymede::data
