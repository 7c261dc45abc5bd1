#include <algorithm>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/openers.h"

namespace ganymede::data {
namespace {

const std::vector<std::string>& task_names() {
  static const std::vector<std::string> names = {"outlines", "negative", "same"};
  return names;
}

// The largest of each 3 x 3 pixels minus the pixel, in units of [0, 1].
std::vector<float> outlines(std::span<const float> x, int64_t height, int64_t width, int64_t channels) {
  std::vector<float> y(x.size());
  for (int64_t r = 0; r < height; ++r)
    for (int64_t c = 0; c < width; ++c)
      for (int64_t k = 0; k < channels; ++k) {
        float most = -1;
        for (int64_t i = std::max<int64_t>(r - 1, 0); i <= std::min(r + 1, height - 1); ++i)
          for (int64_t j = std::max<int64_t>(c - 1, 0); j <= std::min(c + 1, width - 1); ++j)
            most = std::max(most, x[static_cast<size_t>((i * width + j) * channels + k)]);
        const size_t at = static_cast<size_t>((r * width + c) * channels + k);
        y[at] = most - x[at] - 1;   // twice the difference of the halves, minus 1
      }
  return y;
}

// Fields "a" and "b" of one set of pictures: a from samples 0, 2, 4, ..., b made of samples 1, 3, 5, ..., so no picture is in
// both. In a training split b is drawn; in a test split they go in step. "label" and "label_b" where there are labels.
class Halves : public Dataset {
 public:
  Halves(const std::string& specification, const std::string& task, const Options& options)
      : task_(task), draws_(options.split == Split::train), whole_(open_dataset(specification, options)) {
    if (std::find(task_names().begin(), task_names().end(), task) == task_names().end())
      throw UsageError("data 'halves:" + specification + "," + task + "': unknown task '" + task + "'; known are " + joined(task_names()));
    const Field* image = whole_->field("image");
    if (!image) throw UsageError("data 'halves:" + specification + "," + task + "': " + whole_->describe() + " has no field image");
    if (whole_->size() < 2) throw Error("data 'halves:" + specification + "," + task + "': " + whole_->describe() + " has fewer than two pictures");
    shape_ = image->shape;
    fields_ = {{"a", shape_, Kind::real}, {"b", shape_, Kind::real}};
    labelled_ = whole_->field("label") != nullptr;
    if (labelled_) {
      fields_.push_back({"label", {}, Kind::integer});
      fields_.push_back({"label_b", {}, Kind::integer});
      class_names_ = whole_->class_names();
    }
  }

  int64_t size() const override { return whole_->size() / 2; }
  std::string describe() const override {
    return "halves, a as it is and b " + (task_ == "outlines" ? "its outlines" : task_ == "negative" ? "negative" : std::string("as it is")) + ", of " + whole_->describe();
  }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const int64_t second = draws_ ? random.below(size()) : index;
    HostBatch from(whole_->fields(), 1);
    for (size_t side = 0; side < 2; ++side) {
      whole_->read(side == 0 ? 2 * index : 2 * second + 1, random, from, 0);
      const std::span<const float> x = from.real("image");
      const std::span<float> to = out.real(side, row);
      if (side == 0 || task_ == "same") {
        std::copy(x.begin(), x.end(), to.begin());
      } else if (task_ == "negative") {
        std::transform(x.begin(), x.end(), to.begin(), [](float v) { return -v; });
      } else {
        const auto y = outlines(x, shape_[0], shape_[1], shape_[2]);
        std::copy(y.begin(), y.end(), to.begin());
      }
      if (labelled_) out.integer(2 + side, row)[0] = from.integer("label")[0];
    }
  }

 private:
  std::string task_;
  bool draws_, labelled_ = false;
  std::unique_ptr<Dataset> whole_;
  std::vector<int64_t> shape_;
};

}  // namespace

std::unique_ptr<Dataset> open_halves(const std::string& argument, const Options& options) {
  const size_t comma = argument.rfind(',');
  if (comma == std::string::npos)
    throw UsageError("data 'halves:" + argument + "': a comma and a task are missing; known are " + joined(task_names()));
  return std::make_unique<Halves>(argument.substr(0, comma), argument.substr(comma + 1), options);
}

}  // namespace ganymede::data
