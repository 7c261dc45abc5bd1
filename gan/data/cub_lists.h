#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <string>
#include <vector>

namespace ganymede::data {

struct Keypoint {
  double x = 0, y = 0;  // pixels
  bool visible = false;
};

struct Bird {
  std::string path;
  int64_t label = 0;
  bool train = true;
  double left = 0, top = 0, width = 0, height = 0;  // of its box, pixels
  std::vector<Keypoint> parts;
  std::vector<std::string> captions;
};

// The lists of CUB-200-2011.
struct CubLists {
  std::vector<Bird> birds;
  std::vector<std::string> class_names;
  int64_t part_count = 0;  // every bird has as many parts
};

// Reads images.txt, classes.txt, image_class_labels.txt, train_test_split.txt, bounding_boxes.txt and parts/part_locs.txt
// of `folder` through `open`, which returns a stream, failed if there is no such file. Throws naming the file and the line.
CubLists read_cub_lists(const std::string& folder, const std::function<std::unique_ptr<std::istream>(const std::string& path)>& open);

}  // namespace ganymede::data
