#include "gan/data/celeba_lists.h"

#include <cstdint>
#include <sstream>

#include "engine/check.h"
#include "engine/safetensors_header.h"

namespace ganymede::data {
namespace {

using safetensors::quote;

bool blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

// A list is not to lead out of the folder of pictures.
void check_name(const std::string& name, const std::string& path, int64_t line) {
  require(name.find('/') == std::string::npos && name != "." && name != ".." && name.find('\0') == std::string::npos, path, ": line ",
          line, ": ", quote(name), " is not the name of a picture");
}

}  // namespace

AttributeList read_attributes(std::istream& file, const std::string& path) {
  AttributeList list;
  std::string line;
  std::getline(file, line);
  std::getline(file, line);
  std::istringstream names(line);
  for (std::string name; names >> name;) list.names.push_back(name);
  if (list.names.empty()) throw Error(path + ": line 2 has no names of attributes");
  for (int64_t number = 3; std::getline(file, line); ++number) {
    if (blank(line)) continue;
    std::istringstream words(line);
    std::string name, word;
    std::vector<float> values;
    words >> name;
    check_name(name, path, number);
    while (words >> word) {
      require(word == "1" || word == "-1", path, ": line ", number, ": ", quote(word), " is neither 1 nor -1");
      values.push_back(word == "1" ? 1.0f : 0.0f);
    }
    require(values.size() == list.names.size(), path, ": line ", number, " has ", values.size(), " values, but there are ",
            list.names.size(), " attributes");
    list.files.push_back(name);
    list.values.push_back(std::move(values));
  }
  if (list.files.empty()) throw Error(path + ": lists no pictures");
  return list;
}

std::map<std::string, int> read_partition(std::istream& file, const std::string& path) {
  std::map<std::string, int> partition;
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    if (blank(line)) continue;
    std::istringstream words(line);
    std::string name, part, more;
    words >> name >> part;
    check_name(name, path, number);
    require((part == "0" || part == "1" || part == "2") && !(words >> more), path, ": line ", number, ": ", quote(line),
            " is not a name and 0 (train), 1 (validation) or 2 (test)");
    partition[name] = part[0] - '0';
  }
  return partition;
}

}  // namespace ganymede::data
