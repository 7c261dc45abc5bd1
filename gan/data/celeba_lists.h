#pragma once

#include <istream>
#include <map>
#include <string>
#include <vector>

namespace ganymede::data {

// list_attr_celeba.txt: the count, the names of the attributes, then a line a picture: its name, then 1 or -1 each.
struct AttributeList {
  std::vector<std::string> names;
  std::vector<std::string> files;
  std::vector<std::vector<float>> values;  // 0 or 1
};

// Throws naming `path` and the line: a picture without a plain file name, a value that is neither 1 nor -1, too few or too
// many values, no pictures at all.
AttributeList read_attributes(std::istream& file, const std::string& path);

// list_eval_partition.txt: name, then 0 (train), 1 (validation) or 2 (test). Empty when the file is missing or empty: then
// all is for training. Throws naming `path` and the line.
std::map<std::string, int> read_partition(std::istream& file, const std::string& path);

}  // namespace ganymede::data
