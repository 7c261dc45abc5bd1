#include "gan/data/cub_lists.h"

#include <algorithm>
#include <sstream>

#include "engine/check.h"
#include "engine/safetensors_header.h"

namespace ganymede::data {
namespace {

using safetensors::quote;
using Open = std::function<std::unique_ptr<std::istream>(const std::string&)>;

constexpr int64_t kMostParts = 1000;
constexpr double kFarthest = 1e6;  // of a place in a picture; from far beyond, rounding to pixels would overflow

bool within(double x) { return x >= -kFarthest && x <= kFarthest; }

class Reader {
 public:
  Reader(std::string folder, const Open& open) : folder_(std::move(folder)), open_(open) {}

  CubLists read() {
    const std::string start = folder_ + "/";
    int64_t number = 0;
    std::string name;
    each_line("images.txt", [&](std::istream& in) {
      birds_.emplace_back();
      if (!(in >> number >> name) || number != count() || leads_out(name)) return false;
      birds_.back().path = start + "images/" + name;
      return true;
    });
    each_line("classes.txt", [&](std::istream& in) {
      lists_.class_names.emplace_back();
      return static_cast<bool>(in >> number >> lists_.class_names.back()) && number == classes();
    });
    each_line("image_class_labels.txt", [&](std::istream& in) {
      int64_t label = 0;
      if (!(in >> number >> label) || label < 1 || label > classes()) return false;
      bird(number).label = label - 1;
      return true;
    });
    each_line("train_test_split.txt", [&](std::istream& in) {
      return static_cast<bool>(in >> number) && static_cast<bool>(in >> bird(number).train);
    });
    each_line("bounding_boxes.txt", [&](std::istream& in) {
      if (!(in >> number)) return false;
      Bird& b = bird(number);
      return static_cast<bool>(in >> b.left >> b.top >> b.width >> b.height) && within(b.left) && within(b.top) && within(b.width) &&
             within(b.height) && b.width > 0 && b.height > 0;
    });
    each_line("parts/part_locs.txt", [&](std::istream& in) {
      int64_t part = 0;
      Keypoint point;
      if (!(in >> number >> part >> point.x >> point.y >> point.visible) || part < 1 || part > kMostParts) return false;
      if (!within(point.x) || !within(point.y)) return false;
      Bird& b = bird(number);
      lists_.part_count = std::max(lists_.part_count, part);
      if (static_cast<int64_t>(b.parts.size()) < part) b.parts.resize(static_cast<size_t>(part));
      b.parts[static_cast<size_t>(part) - 1] = point;
      return true;
    });
    for (Bird& b : birds_) b.parts.resize(static_cast<size_t>(lists_.part_count));
    return std::move(lists_);
  }

 private:
  int64_t count() const { return static_cast<int64_t>(birds_.size()); }
  int64_t classes() const { return static_cast<int64_t>(lists_.class_names.size()); }

  // Names are CLASS/PICTURE; a list is not to lead out of its folder.
  static bool leads_out(const std::string& name) {
    return name.starts_with('/') || ("/" + name + "/").find("/../") != std::string::npos || name.find('\0') != std::string::npos;
  }

  // Calls `read` with the words of each line of a list that is not blank; false: the line is wrong.
  template <class Read>
  void each_line(const std::string& list, Read read) {
    list_ = folder_ + "/" + list;
    const std::unique_ptr<std::istream> file = open_(list_);
    if (!file || !*file) throw Error(list_ + ": cannot open the file");
    std::string line;
    for (int64_t number = 1; std::getline(*file, line); ++number) {
      if (line.find_first_not_of(" \r") == std::string::npos) continue;
      std::istringstream words(line);
      if (!read(words)) throw Error(list_ + ": line " + std::to_string(number) + " is not what it should be: " + quote(line));
    }
  }

  Bird& bird(int64_t number) {
    if (number < 1 || number > count()) throw Error(list_ + ": picture " + std::to_string(number) + " is not in images.txt");
    return birds_[static_cast<size_t>(number) - 1];
  }

  std::string folder_, list_;  // list_: the path of the one that is being read
  const Open& open_;
  CubLists lists_;
  std::vector<Bird>& birds_ = lists_.birds;
};

}  // namespace

CubLists read_cub_lists(const std::string& folder, const Open& open) { return Reader(folder, open).read(); }

}  // namespace ganymede::data
