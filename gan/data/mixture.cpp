#include "gan/data/mixture.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/openers.h"

namespace ganymede::data {
namespace {

constexpr int64_t kTrainPoints = 50000, kTestPoints = 10000;

std::vector<Mixture> all_mixtures() {
  Mixture gaussian{"gaussian", {{0.3}}, 0.2}, two{"two", {{-0.5}, {0.5}}, 0.1};
  Mixture five{"five", {}, 0.05}, ring{"ring8", {}, 0.02}, grid{"grid25", {}, 0.02},
      spiral{"spiral", {}, 0.02}, moons{"moons", {}, 0.04}, ring5{"ring5", {}, 0.06}, arc{"arc10", {}, 0.04};
  for (int i = 0; i < 5; ++i) {
    const double angle = 2 * std::numbers::pi * i / 5;
    ring5.centres.push_back({0.6 * std::cos(angle), 0.6 * std::sin(angle)});
  }
  for (int i = 0; i < 10; ++i) {  // three quarters of a circle
    const double angle = 1.5 * std::numbers::pi * i / 9;
    arc.centres.push_back({0.9 * std::cos(angle), 0.9 * std::sin(angle)});
  }
  for (int i = -2; i <= 2; ++i) {
    five.centres.push_back({0.4 * i});
    for (int j = -2; j <= 2; ++j) grid.centres.push_back({0.45 * i, 0.45 * j});
  }
  for (int i = 0; i < 8; ++i) {
    const double angle = 2 * std::numbers::pi * i / 8;
    ring.centres.push_back({0.8 * std::cos(angle), 0.8 * std::sin(angle)});
  }
  for (int i = 0; i < 100; ++i) {  // so dense that it is a line
    const double turn = std::sqrt((i + 0.5) / 100), angle = 4 * std::numbers::pi * turn;
    spiral.centres.push_back({0.9 * turn * std::cos(angle), 0.9 * turn * std::sin(angle)});
  }
  for (int i = 0; i < 100; ++i) {  // two half circles, each reaching into the other
    const double side = i % 2 ? -1 : 1, angle = std::numbers::pi * (i / 2 + 0.5) / 50;
    moons.centres.push_back({0.6 * side * (std::cos(angle) - 0.5), 0.6 * side * (std::sin(angle) - 0.25)});
    moons.classes.push_back(i % 2);
  }
  return {gaussian, two, five, ring, grid, spiral, moons, ring5, arc};
}

// NAME[,deviation=D] of a mixture.
Mixture mixture_from(Arguments& arguments) {
  if (arguments.words().size() != 1) arguments.fail("one name of a mixture is wanted");
  Mixture mixture = mixture_named(arguments.words()[0]);
  mixture.deviation = arguments.number("deviation", mixture.deviation, 1e-6, 10);
  return mixture;
}

void refuse_picture_options(const Arguments& arguments, const Options& options) {
  if (options.size || options.channels || options.flip || options.load_size) {
    arguments.fail("size, channels, flip and load size are for pictures, not for points");
  }
}

int64_t count_of(Arguments& arguments, const Options& options) {
  return arguments.integer("count", options.split == Split::train ? kTrainPoints : kTestPoints, 1, int64_t{1} << 40);
}

std::vector<std::string> names_of_classes(const Mixture& mixture) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < mixture.class_count(); ++i) names.push_back((mixture.classes.empty() ? "mode " : "part ") + std::to_string(i));
  return names;
}

// Fields "point" [D] and "label", the mode or the class that it belongs to.
class Points : public Dataset {
 public:
  Points(Arguments& arguments, const Options& options) : options_(options) {
    mixture_ = mixture_from(arguments);
    refuse_picture_options(arguments, options);
    count_ = count_of(arguments, options);
    arguments.finish();
    fields_ = {{"point", {static_cast<int64_t>(mixture_.dimensions())}, Kind::real},
               {"label", {}, Kind::integer}};
    class_names_ = names_of_classes(mixture_);
  }

  int64_t size() const override { return count_; }
  std::string describe() const override {
    return "mixture " + mixture_.name + ": " + std::to_string(count_) + " points in " +
           std::to_string(mixture_.dimensions()) + "-D, " + std::to_string(mixture_.centres.size()) +
           (mixture_.centres.size() == 1 ? " mode" : " modes") + ", seed " + std::to_string(options_.seed);
  }
  void read(int64_t index, Random&, HostBatch& out, int64_t row) const override {
    Random draws(options_.seed, static_cast<uint64_t>(index), options_.split == Split::train ? 1 : 2);
    size_t mode = 0;
    const std::vector<double> point = mixture_.draw(draws, mode);
    for (size_t d = 0; d < point.size(); ++d) out.real(0, row)[d] = static_cast<float>(point[d]);
    out.integer(1, row)[0] = mixture_.class_of(mode);
  }

 private:
  Options options_;
  Mixture mixture_;
  int64_t count_ = 0;
};

// Fields "a" and "b", points of two mixtures drawn apart, and the modes that they belong to as "label" and "label_b".
class UnpairedPoints : public Dataset {
 public:
  UnpairedPoints(Arguments& arguments, const Options& options) : options_(options) {
    if (arguments.words().size() != 1) arguments.fail("unpaired takes the mixtures as a=NAME and b=NAME");
    refuse_picture_options(arguments, options);
    sides_ = {mixture_named(arguments.text("a", "ring5")), mixture_named(arguments.text("b", "arc10"))};
    if (sides_[0].dimensions() != sides_[1].dimensions())
      arguments.fail("a=" + sides_[0].name + " is in " + std::to_string(sides_[0].dimensions()) + "-D and b=" + sides_[1].name + " in " +
                     std::to_string(sides_[1].dimensions()) + "-D; both must be in the same");
    count_ = count_of(arguments, options);
    arguments.finish();
    const std::vector<int64_t> shape{static_cast<int64_t>(sides_[0].dimensions())};
    fields_ = {{"a", shape, Kind::real}, {"b", shape, Kind::real}, {"label", {}, Kind::integer}, {"label_b", {}, Kind::integer}};
    class_names_ = names_of_classes(sides_[0]);
  }

  int64_t size() const override { return count_; }
  std::string describe() const override {
    return "mixtures " + sides_[0].name + " (a) and " + sides_[1].name + " (b), unpaired: " + std::to_string(count_) + " points of each in " +
           std::to_string(sides_[0].dimensions()) + "-D, seed " + std::to_string(options_.seed);
  }
  void read(int64_t index, Random&, HostBatch& out, int64_t row) const override {
    for (size_t side = 0; side < 2; ++side) {
      Random draws(options_.seed, 2 * static_cast<uint64_t>(index) + side, options_.split == Split::train ? 3 : 4);
      size_t mode = 0;
      const std::vector<double> point = sides_[side].draw(draws, mode);
      for (size_t d = 0; d < point.size(); ++d) out.real(side, row)[d] = static_cast<float>(point[d]);
      out.integer(2 + side, row)[0] = sides_[side].class_of(mode);
    }
  }

 private:
  Options options_;
  std::vector<Mixture> sides_;
  int64_t count_ = 0;
};

}  // namespace

std::vector<double> Mixture::draw(Random& random, size_t& mode) const {
  mode = static_cast<size_t>(random.below(static_cast<int64_t>(centres.size())));
  std::vector<double> point = centres[mode];
  for (double& value : point) value += deviation * random.normal();
  return point;
}

int64_t Mixture::class_count() const {
  return classes.empty() ? static_cast<int64_t>(centres.size()) : *std::max_element(classes.begin(), classes.end()) + 1;
}

const Mixture& mixture_named(const std::string& name) {
  static const std::vector<Mixture> all = all_mixtures();
  std::vector<std::string> names;
  for (const Mixture& mixture : all) {
    if (mixture.name == name) return mixture;
    names.push_back(mixture.name);
  }
  throw UsageError("unknown mixture '" + name + "'; known are " + joined(names));
}

namespace {
constexpr std::string_view kKind = "mixture:", kUnpaired = "unpaired";
}

bool makes_points(const std::string& specification) { return specification.starts_with(kKind); }

Mixture mixture_of(const std::string& specification) {
  if (!makes_points(specification)) throw UsageError("data '" + specification + "' are no mixture whose modes are known");
  Arguments arguments(specification, specification.substr(kKind.size()));
  return mixture_from(arguments);
}

std::unique_ptr<Dataset> open_mixture(const std::string& argument, const Options& options) {
  Arguments arguments("mixture:" + argument, argument);
  if (!arguments.words().empty() && arguments.words()[0] == kUnpaired) return std::make_unique<UnpairedPoints>(arguments, options);
  return std::make_unique<Points>(arguments, options);
}

}  // namespace ganymede::data
