// What the measures of distributions look at: one row of numbers a sample.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace ganymede::metrics {

// [count, width], row after row. Features and class probabilities of pictures, points of a mixture. They are f32 as the
// networks made them; every formula widens them to double first.
struct Rows {
  int64_t count = 0, width = 0;
  std::vector<float> values;

  Rows() = default;
  Rows(int64_t count, int64_t width) : count(count), width(width), values(size_t(count * width)) {}
  std::span<const float> row(int64_t i) const { return {values.data() + i * width, size_t(width)}; }
  std::span<float> row(int64_t i) { return {values.data() + i * width, size_t(width)}; }
  void append(std::span<const float> rows);                 // whole rows
  Rows first(int64_t n) const;                              // the first n rows
  Rows chosen(const std::vector<int64_t>& which) const;     // these rows, in this order
};

struct Spread {
  double mean = 0, deviation = 0;   // deviation with divisor n
};
Spread spread_of(const std::vector<double>& values);

// The column with the largest value of each row, the first of equals.
std::vector<int64_t> largest_columns(const Rows& rows);

}  // namespace ganymede::metrics
