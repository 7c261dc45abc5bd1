#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gan/data/picture.h"

namespace ganymede::data {

struct GridStyle {
  int64_t columns = 8;
  int64_t padding = 2;                       // pixels between and around the pictures
  uint8_t background = 255;                  // text is black on a light background, white on a dark one
  int64_t zoom = 1;                          // whole-number enlargement of every picture, pixels stay square
  std::vector<std::string> captions = {};    // under each picture; none or one a picture
  std::vector<std::string> row_labels = {};  // left of each row; none or one a row
  std::vector<std::string> column_labels = {};  // above each column; none or one a column
};

// A contact sheet, row by row. Pictures may differ in size (each is centred in its cell) and in channels
// (1 and 3 mix to 3). Throws when there is no picture or a list of labels has the wrong length.
Picture grid(const std::vector<Picture>& pictures, const GridStyle& style = {});

}  // namespace ganymede::data
