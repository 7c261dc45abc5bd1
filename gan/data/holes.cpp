#include "gan/data/holes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/openers.h"

namespace ganymede::data {
namespace {

struct Place {
  double x, y;
};

// 1 where a pixel's middle is nearer than `radius` to the line from a to b, ends rounded.
void brush(std::vector<float>& mask, int64_t height, int64_t width, Place a, Place b, double radius) {
  const auto range = [&](double from, double to, int64_t side) {
    return std::pair{std::clamp<int64_t>(int64_t(std::floor(from - radius)), 0, side), std::clamp<int64_t>(int64_t(std::ceil(to + radius)) + 1, 0, side)};
  };
  const auto [top, bottom] = range(std::min(a.y, b.y), std::max(a.y, b.y), height);
  const auto [left, right] = range(std::min(a.x, b.x), std::max(a.x, b.x), width);
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  for (int64_t row = top; row < bottom; ++row)
    for (int64_t column = left; column < right; ++column) {
      const double x = double(column) + 0.5 - a.x, y = double(row) + 0.5 - a.y;
      const double along = length > 0 ? std::clamp((x * dx + y * dy) / length, 0.0, 1.0) : 0;
      if (std::hypot(x - along * dx, y - along * dy) <= radius) mask[size_t(row * width + column)] = 1;
    }
}

void add_strokes(std::vector<float>& mask, int64_t height, int64_t width, Random& random) {
  constexpr double kPi = std::numbers::pi;
  const double h = double(height), w = double(width), step = std::hypot(h, w) / 8, unit = std::min(h, w) / 256;
  // Turns are about 72 degrees, so that a stroke runs to one side; mirrored, it runs to any.
  const bool to_left = random.chance(0.5), upwards = random.chance(0.5);
  const auto placed = [&](Place p) { return Place{to_left ? w - p.x : p.x, upwards ? h - p.y : p.y}; };
  for (int64_t strokes = 1 + random.below(3); strokes > 0; --strokes) {
    const double least = 2 * kPi / 5 - random.uniform(0, 2 * kPi / 15), most = 2 * kPi / 5 + random.uniform(0, 2 * kPi / 15);
    const double radius = std::max(0.75, unit * random.uniform(12, 40) / 2);
    Place at{random.uniform(0, w), random.uniform(0, h)};
    const int64_t turns = 4 + random.below(8);
    for (int64_t i = 0; i < turns; ++i) {
      const double angle = (i % 2 ? 1 : -1) * random.uniform(least, most), length = std::clamp(step + step / 2 * random.normal(), 0.0, 2 * step);
      const Place to{std::clamp(at.x + length * std::cos(angle), 0.0, w), std::clamp(at.y + length * std::sin(angle), 0.0, h)};
      brush(mask, height, width, placed(at), placed(to), radius);
      at = to;
    }
  }
}

void add_box(std::vector<float>& mask, int64_t height, int64_t width, Random& random) {
  const auto extent = [&](int64_t side) { return int64_t(std::llround(double(side) * random.uniform(0.375, 0.5))); };
  const int64_t h = extent(height), w = extent(width), top = random.below(height - h + 1), left = random.below(width - w + 1);
  for (int64_t row = top; row < top + h; ++row) std::fill_n(mask.begin() + row * width + left, w, 1.0f);
}

// A set of pictures with a field "mask" more; of pairs, side b and its mask alone.
class Holes : public Dataset {
 public:
  Holes(const std::string& kind, const std::string& specification, const Options& options)
      : kind_(hole_named(kind)), whole_(open_dataset(specification, options)) {
    const Field* image = whole_->field("image") ? whole_->field("image") : whole_->field("b");
    const auto fail = [&](const std::string& what) { throw UsageError("data 'holes:" + kind + "," + specification + "': " + what); };
    if (!image) fail(whole_->describe() + " has no pictures");
    height_ = image->shape[0], width_ = image->shape[1];
    if (height_ < 8 || width_ < 8) fail("pictures of " + std::to_string(width_) + "x" + std::to_string(height_) + "; holes need sides of at least 8, set --size");
    pairs_ = image->name == "b";
    fields_ = pairs_ ? std::vector<Field>{{"image", image->shape, Kind::real}} : whole_->fields();
    fields_.push_back({"mask", {height_, width_, 1}, Kind::real});
    if (pairs_) return;
    class_names_ = whole_->class_names(), attribute_names_ = whole_->attribute_names(), vocabulary_ = whole_->vocabulary(), palette_ = whole_->palette();
  }

  int64_t size() const override { return whole_->size(); }
  std::string describe() const override {
    return std::string("with holes (") + (kind_ == Hole::free ? "strokes" : kind_ == Hole::box ? "rectangles" : "strokes and rectangles") + "), " + whole_->describe();
  }
  std::vector<float> attributes(int64_t index) const override { return whole_->attributes(index); }
  int64_t label(int64_t index) const override { return whole_->label(index); }
  bool normal(int64_t index) const override { return whole_->normal(index); }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    if (pairs_) {
      HostBatch one(whole_->fields(), 1);
      whole_->read(index, random, one, 0);
      std::ranges::copy(one.real("b"), out.real(0, row).begin());
    } else {
      whole_->read(index, random, out, row);
    }
    const std::vector<float> mask = drawn_hole(kind_, height_, width_, random);
    std::copy(mask.begin(), mask.end(), out.real(fields_.size() - 1, row).begin());
  }

 private:
  Hole kind_;
  std::unique_ptr<Dataset> whole_;
  int64_t height_ = 0, width_ = 0;
  bool pairs_ = false;
};

}  // namespace

const std::vector<std::string>& hole_names() {
  static const std::vector<std::string> names = {"free", "box", "both"};
  return names;
}

Hole hole_named(const std::string& name) {
  const auto found = std::find(hole_names().begin(), hole_names().end(), name);
  if (found == hole_names().end()) throw UsageError("unknown kind of hole '" + name + "'; known are " + joined(hole_names()));
  return static_cast<Hole>(found - hole_names().begin());
}

std::vector<float> drawn_hole(Hole kind, int64_t height, int64_t width, Random& random) {
  require(height >= 8 && width >= 8, "a hole in ", width, "x", height, " pixels; sides are at least 8");
  std::vector<float> mask;
  double share = 0;
  do {   // strokes seldom cover all of a small picture
    mask.assign(size_t(height * width), 0);
    if (kind != Hole::box) add_strokes(mask, height, width, random);
    if (kind != Hole::free) add_box(mask, height, width, random);
    share = double(std::count(mask.begin(), mask.end(), 1.0f)) / double(mask.size());
  } while (share == 0 || share == 1);
  return mask;
}

std::unique_ptr<Dataset> open_holes(const std::string& argument, const Options& options) {
  const size_t comma = argument.find(',');
  if (comma == std::string::npos) throw UsageError("data 'holes:" + argument + "': a comma and data are missing, as in holes:both,folder:DIR");
  return std::make_unique<Holes>(argument.substr(0, comma), argument.substr(comma + 1), options);
}

}  // namespace ganymede::data
