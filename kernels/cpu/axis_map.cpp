// Tables of linear maps along one axis (kernels/api/axis_map.h).
#include "kernels/api/axis_map.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>

namespace ganymede::kernels {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("axis map: " + what); }

void need_positive(const char* name, int value) {
  if (value < 1) fail(std::string(name) + " is " + std::to_string(value) + ", must be at least 1");
}

// Collects rows; entries of one row that meet are added, zeros are dropped.
class Builder {
 public:
  Builder(int in, int out) : map_{in, out, {0}, {}, {}} {}
  void add(int index, double weight) { row_[index] += weight; }
  void end_row() {
    for (const auto& [index, weight] : row_) {
      if (weight == 0) continue;
      map_.index.push_back(index);
      map_.weight.push_back(weight);
    }
    map_.start.push_back(static_cast<int32_t>(map_.index.size()));
    row_.clear();
  }
  AxisMap take() { return std::move(map_); }

 private:
  AxisMap map_;
  std::map<int, double> row_;
};

double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }

// Keys' cubic convolution kernel.
double cubic(double x, double a) {
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

// One row of an antialiased resize: the kernel, stretched to the output's pixel when that is larger,
// normalised.
void add_stretched(Builder& rows, int in, double centre, double support, double squeeze,
                   const std::function<double(double)>& kernel) {
  const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
  const int last = std::min(static_cast<int>(centre + support + 0.5), in);
  double total = 0;
  for (int i = first; i < last; ++i) total += kernel((i - centre + 0.5) * squeeze);
  for (int i = first; i < last; ++i) rows.add(i, kernel((i - centre + 0.5) * squeeze) / total);
}

}  // namespace

AxisMap resize_axis(int in, int out, Interpolation interpolation, bool align_corners, bool antialias,
                    double scale) {
  need_positive("the input's size", in);
  need_positive("the output's size", out);
  const bool nearest = interpolation == Interpolation::nearest;
  double step = scale > 0 ? 1 / scale : static_cast<double>(in) / out;  // input pixels an output pixel
  if (align_corners && !nearest) step = out > 1 ? static_cast<double>(in - 1) / (out - 1) : 0;
  Builder rows(in, out);
  for (int o = 0; o < out; ++o, rows.end_row()) {
    if (nearest) {
      rows.add(std::min(static_cast<int>(std::floor(o * step)), in - 1), 1);
      continue;
    }
    if (antialias) {
      const double stretch = std::max(step, 1.0), reach = interpolation == Interpolation::linear ? 1 : 2;
      const auto kernel = [&](double x) {
        return interpolation == Interpolation::linear ? triangle(x) : cubic(x, -0.5);
      };
      add_stretched(rows, in, step * (o + 0.5), reach * stretch, 1 / stretch, kernel);
      continue;
    }
    double at = align_corners ? o * step : (o + 0.5) * step - 0.5;
    if (interpolation == Interpolation::linear) at = std::max(at, 0.0);
    const int base = static_cast<int>(std::floor(at));
    const int first = interpolation == Interpolation::linear ? 0 : -1,
              last = interpolation == Interpolation::linear ? 1 : 2;
    for (int k = first; k <= last; ++k) {
      const double x = at - (base + k);
      rows.add(std::clamp(base + k, 0, in - 1),
               interpolation == Interpolation::linear ? triangle(x) : cubic(x, -0.75));
    }
  }
  return rows.take();
}

AxisMap matlab_axis(int in, double scale, Interpolation interpolation) {
  need_positive("the input's size", in);
  if (!(scale > 0)) fail("the scale is " + std::to_string(scale) + ", must be above 0");
  const int out = static_cast<int>(std::ceil(in * scale - 1e-9));
  const double squeeze = std::min(scale, 1.0),
               support = (interpolation == Interpolation::linear ? 2 : 4) / squeeze;
  Builder rows(in, out);
  for (int o = 0; o < out; ++o, rows.end_row()) {
    const double centre = (o + 0.5) / scale - 0.5;
    if (interpolation == Interpolation::nearest) {
      rows.add(std::clamp(static_cast<int>(std::floor(centre + 0.5)), 0, in - 1), 1);
      continue;
    }
    const int first = static_cast<int>(std::floor(centre - support / 2)),
              count = static_cast<int>(std::ceil(support)) + 2;
    const auto weight = [&](int i) {
      return interpolation == Interpolation::linear ? triangle((centre - i) * squeeze)
                                                    : cubic((centre - i) * squeeze, -0.5);
    };
    double total = 0;
    for (int i = first; i < first + count; ++i) total += weight(i);
    for (int i = first; i < first + count; ++i) {
      const int folded = ((i % (2 * in)) + 2 * in) % (2 * in);  // ... 1 0 | 0 1 ... in-1 | in-1 in-2 ...
      rows.add(folded < in ? folded : 2 * in - 1 - folded, weight(i) / total);
    }
  }
  return rows.take();
}

AxisMap pad_axis(int in, int before, int after, Padding padding) {
  need_positive("the input's size", in);
  const int out = in + before + after;
  if (out < 1)
    fail("padding " + std::to_string(in) + " by " + std::to_string(before) + " and " + std::to_string(after) +
         " leaves nothing");
  if (padding == Padding::reflect && (before >= in || after >= in)) {
    fail("reflection by " + std::to_string(std::max(before, after)) +
         " needs more than as many pixels, has " + std::to_string(in));
  }
  Builder rows(in, out);
  for (int o = 0; o < out; ++o, rows.end_row()) {
    int i = o - before;
    if (padding == Padding::replicate) i = std::clamp(i, 0, in - 1);
    if (padding == Padding::reflect) i = i < 0 ? -i : i >= in ? 2 * (in - 1) - i : i;
    if (i >= 0 && i < in) rows.add(i, 1);
  }
  return rows.take();
}

AxisMap pool_axis(int in, int kernel, int stride, int pad, bool ceil_mode, bool count_padding) {
  need_positive("the input's size", in);
  need_positive("the kernel", kernel);
  need_positive("the stride", stride);
  if (pad < 0 || pad > kernel / 2)
    fail("padding " + std::to_string(pad) + " must be at most half the kernel, " + std::to_string(kernel));
  const int room = in + 2 * pad - kernel;
  if (room < 0)
    fail("a window of " + std::to_string(kernel) + " does not fit into " + std::to_string(in) +
         " padded by " + std::to_string(pad));
  int out = (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  if ((out - 1) * stride >= in + pad) --out;
  Builder rows(in, out);
  for (int o = 0; o < out; ++o, rows.end_row()) {
    const int begin = o * stride - pad, end = std::min(begin + kernel, in + pad);
    const int first = std::max(begin, 0), last = std::min(end, in);
    for (int i = first; i < last; ++i) rows.add(i, 1.0 / (count_padding ? end - begin : last - first));
  }
  return rows.take();
}

AxisMap filter_axis(int in, const std::vector<double>& taps, int up, int down, int before, int after) {
  need_positive("the input's size", in);
  need_positive("the number of taps", int(taps.size()));
  need_positive("the factor up", up);
  need_positive("the factor down", down);
  const int room = in * up + before + after - int(taps.size());
  if (room < 0)
    fail("a filter of " + std::to_string(taps.size()) + " taps does not fit into " + std::to_string(in) + " x " + std::to_string(up) + " padded by " +
         std::to_string(before) + " and " + std::to_string(after));
  Builder rows(in, room / down + 1);
  for (int o = 0; o <= room / down; ++o, rows.end_row())
    for (int t = 0; t < int(taps.size()); ++t) {
      const int at = o * down + t - before;  // among the pixels and their zeros
      if (at >= 0 && at < in * up && at % up == 0) rows.add(at / up, taps[taps.size() - 1 - t]);
    }
  return rows.take();
}

AxisMap adaptive_axis(int in, int out) {
  need_positive("the input's size", in);
  need_positive("the output's size", out);
  Builder rows(in, out);
  for (int64_t o = 0; o < out; ++o, rows.end_row()) {
    const int first = static_cast<int>(o * in / out), last = static_cast<int>(((o + 1) * in + out - 1) / out);
    for (int i = first; i < last; ++i) rows.add(i, 1.0 / (last - first));
  }
  return rows.take();
}

AxisMap identity_axis(int size) { return pad_axis(size, 0, 0, Padding::zero); }

AxisMap transpose(const AxisMap& map) {
  AxisMap result{map.out, map.in, std::vector<int32_t>(map.in + 1, 0), std::vector<int32_t>(map.index.size()),
                 std::vector<double>(map.index.size())};
  for (int32_t i : map.index) ++result.start[i + 1];
  for (int i = 0; i < map.in; ++i) result.start[i + 1] += result.start[i];
  std::vector<int32_t> next(result.start.begin(), result.start.end() - 1);
  for (int o = 0; o < map.out; ++o) {
    for (int32_t k = map.start[o]; k < map.start[o + 1]; ++k) {
      const int32_t to = next[map.index[k]]++;
      result.index[to] = o;
      result.weight[to] = map.weight[k];
    }
  }
  return result;
}

}  // namespace ganymede::kernels
