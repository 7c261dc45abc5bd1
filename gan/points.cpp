#include "gan/points.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "engine/check.h"
#include "engine/context.h"
#include "gan/data/grid.h"

namespace ganymede {
namespace {

using data::Picture;
using Colour = std::array<double, 3>;

constexpr double kEdge = 1.3;                 // the world shown: [-kEdge, kEdge] in each direction
constexpr int64_t kSide = 300, kWide = 520;   // pixels of a panel in the plane; width of one on a line
constexpr int64_t kCell = 3;                  // pixels of a value of the field
constexpr Colour kPaper{250, 250, 253}, kBlue{20, 60, 160}, kRed{196, 40, 30}, kGrey{150, 150, 155}, kWhite{246, 246, 246};

struct Values {
  std::vector<float> x;       // [count][dimensions]
  int64_t count = 0, dimensions = 0;
};

Values values_of(const Tensor& t) {
  if (!t) return {};
  require(t.rank() == 2 && (t.dim(1) == 1 || t.dim(1) == 2), "a sheet of points of shape ", t.shape(), ": expected [N, 1 or 2]");
  return {t.to_floats(), t.dim(0), t.dim(1)};
}

// Blurred counts; 1 is the largest.
void blur(std::vector<double>& grid, int64_t height, int64_t width, double deviation) {
  const int64_t reach = int64_t(std::ceil(3 * deviation));
  std::vector<double> weight;
  for (int64_t i = -reach; i <= reach; ++i) weight.push_back(std::exp(-0.5 * double(i * i) / (deviation * deviation)));
  const auto pass = [&](int64_t lines, int64_t length, int64_t line_step, int64_t step) {
    std::vector<double> out(grid.size());
    for (int64_t l = 0; l < lines; ++l)
      for (int64_t i = 0; i < length; ++i) {
        const double v = grid[size_t(l * line_step + i * step)];
        if (v == 0) continue;
        for (int64_t k = std::max(-reach, -i); k <= std::min(reach, length - 1 - i); ++k) out[size_t(l * line_step + (i + k) * step)] += v * weight[size_t(k + reach)];
      }
    grid = std::move(out);
  };
  pass(height, width, width, 1);
  if (height > 1) pass(width, height, 1, width);
}

// -1 for what lies outside.
int64_t pixel(double x, int64_t size) { return x >= -kEdge && x < kEdge ? std::min(size - 1, int64_t((x + kEdge) / (2 * kEdge) * double(size))) : -1; }

void paint(Picture& p, int64_t y, int64_t x, const Colour& colour, double strength = 1) {
  if (y < 0 || x < 0 || y >= p.height || x >= p.width) return;
  uint8_t* to = p.at(y, x);
  for (size_t c = 0; c < 3; ++c) to[c] = uint8_t(std::lround(to[c] + strength * (colour[c] - to[c])));
}

Picture panel(int64_t height, int64_t width) {
  Picture p(height, width, 3);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (size_t c = 0; c < 3; ++c) p.at(y, x)[c] = uint8_t(kPaper[c]);
  return p;
}

// Blue at 0, white at a half, red at 1.
Colour between(double v) {
  const Colour& end = v < 0.5 ? kBlue : kRed;
  const double t = std::min(1.0, 2 * std::abs(v - 0.5));
  Colour c;
  for (size_t i = 0; i < 3; ++i) c[i] = kWhite[i] + t * (end[i] - kWhite[i]);
  return c;
}

struct Scaled {
  std::vector<double> value;  // 0 to 1
  std::string range;          // "0 to 1"
};

std::string short_text(double v) {
  std::ostringstream s;
  s.precision(2);
  s << v;
  return s.str();
}

// The field at points [n, D]; a field that is no probability fills its range.
Scaled field_at(const Field& field, const std::vector<double>& points, int64_t dimensions) {
  const int64_t n = int64_t(points.size()) / dimensions;
  const std::vector<float> v = field.value(tensor(points, Shape{n, dimensions}, context().dtype, context().device)).to_floats();
  require(int64_t(v.size()) == n, "field ", field.name, ": ", v.size(), " values for ", n, " points");
  double low = 0, high = 1;
  if (!field.probability) {
    low = *std::min_element(v.begin(), v.end()), high = *std::max_element(v.begin(), v.end());
    if (!(high > low)) high = low + 1;
  }
  Scaled s{{}, short_text(low) + " to " + short_text(high)};
  for (const float x : v) s.value.push_back((double(x) - low) / (high - low));
  return s;
}

void dots(Picture& p, const Values& v, const Colour& colour, double strength, int64_t size) {
  for (int64_t i = 0; i < v.count; ++i) {
    const int64_t x = pixel(v.x[size_t(2 * i)], p.width), up = pixel(v.x[size_t(2 * i + 1)], p.height), y = p.height - 1 - up;
    if (x < 0 || up < 0) continue;
    for (int64_t dy = 0; dy < size; ++dy)
      for (int64_t dx = 0; dx < size; ++dx) paint(p, y + dy, x + dx, colour, strength);
  }
}

Picture density_panel(const Values& samples, const Values& real) {
  Picture p = panel(kSide, kSide);
  std::vector<double> grid(size_t(kSide * kSide));
  for (int64_t i = 0; i < samples.count; ++i) {
    const int64_t x = pixel(samples.x[size_t(2 * i)], kSide), up = pixel(samples.x[size_t(2 * i + 1)], kSide);
    if (x >= 0 && up >= 0) grid[size_t((kSide - 1 - up) * kSide + x)] += 1;
  }
  blur(grid, kSide, kSide, 3);
  const double most = *std::max_element(grid.begin(), grid.end());
  // The root, so that thin bridges between modes are seen too.
  if (most > 0)
    for (int64_t y = 0; y < kSide; ++y)
      for (int64_t x = 0; x < kSide; ++x) paint(p, y, x, kBlue, std::sqrt(grid[size_t(y * kSide + x)] / most));
  dots(p, real, kRed, 0.4, 1);
  return p;
}

Picture field_panel(const Field& field, const Values& samples, std::string& range) {
  constexpr int64_t n = kSide / kCell;
  std::vector<double> points;
  for (int64_t y = 0; y < n; ++y)
    for (int64_t x = 0; x < n; ++x) points.push_back((double(x) + 0.5) / n * 2 * kEdge - kEdge), points.push_back(kEdge - (double(y) + 0.5) / n * 2 * kEdge);
  const Scaled s = field_at(field, points, 2);
  range = s.range;
  Picture p = panel(kSide, kSide);
  for (int64_t y = 0; y < kSide; ++y)
    for (int64_t x = 0; x < kSide; ++x) paint(p, y, x, between(s.value[size_t(y / kCell * n + x / kCell)]));
  dots(p, samples, {0, 0, 0}, 0.5, 1);
  return p;
}

std::vector<double> curve(const Values& v) {
  std::vector<double> bins(size_t{kWide});
  for (int64_t i = 0; i < v.count; ++i)
    if (const int64_t x = pixel(v.x[size_t(i)], kWide); x >= 0) bins[size_t(x)] += 1.0 / double(v.count);
  blur(bins, 1, kWide, 5);
  return bins;
}

// A curve of values where 1 is the top; a column is painted from its value to the next one's.
void draw_curve(Picture& p, const std::vector<double>& v, const Colour& colour) {
  const auto row = [&](double x) { return std::clamp<int64_t>(int64_t(std::lround((1 - x) * double(p.height - 3))), 0, p.height - 2); };
  for (int64_t x = 0; x + 1 < p.width; ++x) {
    const int64_t a = row(v[size_t(x)]), b = row(v[size_t(x + 1)]);
    for (int64_t y = std::min(a, b); y <= std::max(a, b) + 1; ++y) paint(p, y, x, colour);
  }
}

Picture line_panel(const Values& samples, const Values& real, const Field& field, std::string& range) {
  Picture p = panel(kSide, kWide);
  std::vector<double> of_data = curve(real), of_samples = curve(samples);
  double most = 0;
  for (const double v : of_data) most = std::max(most, 1.25 * v);  // a collapsed G leaves the picture at the top
  if (most == 0) most = 1.25 * *std::max_element(of_samples.begin(), of_samples.end());
  for (auto* c : {&of_data, &of_samples})
    for (double& v : *c) v = most > 0 ? std::min(1.0, v / most) : 0;
  for (int64_t x = 0; x < kWide; ++x)
    for (int64_t y = int64_t(std::lround((1 - of_data[size_t(x)]) * double(kSide - 1))); y < kSide; ++y) paint(p, y, x, kGrey, 0.5);
  if (field) {
    for (int64_t x = 0; field.probability && x < kWide; x += 6) paint(p, kSide / 2, x, kRed), paint(p, kSide / 2, x + 1, kRed);
    std::vector<double> points;
    for (int64_t x = 0; x < kWide; ++x) points.push_back((double(x) + 0.5) / kWide * 2 * kEdge - kEdge);
    const Scaled s = field_at(field, points, 1);
    range = s.range;
    draw_curve(p, s.value, kRed);
  }
  if (samples.count) draw_curve(p, of_samples, kBlue);
  return p;
}

}  // namespace

data::Picture points_sheet(const Tensor& samples, const Tensor& real, const Field& field) {
  const Values made = values_of(samples), data = values_of(real);
  require(made.count + data.count > 0, "a sheet without points");
  require(!made.count || !data.count || made.dimensions == data.dimensions, "samples have ", made.dimensions, " dimensions, the data ", data.dimensions);
  const bool line = std::max(made.dimensions, data.dimensions) == 1;
  std::string range;
  data::GridStyle style;
  std::vector<Picture> panels;
  if (line) {
    panels.push_back(line_panel(made, data, field, range));
    style.column_labels = {text("grey: the data", made.count ? "; blue: density of G" : "", field ? text("; red: ", field.name, ", ", range) : "")};
  } else {
    panels.push_back(density_panel(made, data));
    style.column_labels = {made.count ? "blue: density of G; red: the data" : "the data"};
    if (field) {
      panels.push_back(field_panel(field, made, range));
      style.column_labels.push_back(text(field.name, ", blue to red: ", range));
    }
  }
  style.columns = int64_t(panels.size());
  return data::grid(panels, style);
}

}  // namespace ganymede
