#include "gan/run/sample_check.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ganymede::run {
namespace {

using data::Picture;

struct Span {
  std::int64_t first, size;
};

bool same_colour(const Picture& sheet, const std::uint8_t* pixel, const std::uint8_t* other) {
  return std::equal(pixel, pixel + sheet.channels, other);
}

// The stretches between lines; `is_line(i)` says whether row (column) i is one. Nothing unless all are
// equally long.
template <class IsLine>
std::vector<Span> stretches(std::int64_t size, IsLine is_line) {
  std::vector<Span> all;
  for (std::int64_t i = 0; i < size; ++i) {
    if (is_line(i)) continue;
    if (!all.empty() && all.back().first + all.back().size == i)
      ++all.back().size;
    else
      all.push_back({i, 1});
  }
  for (const Span& span : all)
    if (span.size != all.front().size || span.size < 2) return {};
  return all;
}

}  // namespace

std::optional<SheetStatistics> examine_sheet(const Picture& sheet) {
  const std::uint8_t* line_colour = sheet.at(0, 0);
  const auto row_is_line = [&](std::int64_t y) {
    for (std::int64_t x = 0; x < sheet.width; ++x)
      if (!same_colour(sheet, sheet.at(y, x), line_colour)) return false;
    return true;
  };
  const auto column_is_line = [&](std::int64_t x) {
    for (std::int64_t y = 0; y < sheet.height; ++y)
      if (!same_colour(sheet, sheet.at(y, x), line_colour)) return false;
    return true;
  };
  const std::vector<Span> rows = stretches(sheet.height, row_is_line),
                          columns = stretches(sheet.width, column_is_line);

  SheetStatistics statistics;
  std::vector<double> sum, sum_of_squares;  // by value of a picture
  for (const Span& row : rows) {
    for (const Span& column : columns) {
      bool filled = false;
      double total = 0, total_of_squares = 0;
      std::vector<std::uint8_t> values;
      for (std::int64_t y = row.first; y < row.first + row.size; ++y) {
        for (std::int64_t x = column.first; x < column.first + column.size; ++x) {
          const std::uint8_t* pixel = sheet.at(y, x);
          filled = filled || !same_colour(sheet, pixel, line_colour);
          values.insert(values.end(), pixel, pixel + sheet.channels);
        }
      }
      if (!filled) continue;
      sum.resize(values.size()), sum_of_squares.resize(values.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double value = values[i];
        total += value, total_of_squares += value * value;
        sum[i] += value, sum_of_squares[i] += value * value;
        if (value <= 2 || value >= 253) ++statistics.saturated;
      }
      const auto n = static_cast<double>(values.size());
      statistics.contrast += std::sqrt(std::max(0.0, total_of_squares / n - total / n * total / n));
      ++statistics.count;
    }
  }
  if (statistics.count < 4) return std::nullopt;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    const double mean = sum[i] / statistics.count;
    statistics.variety += std::sqrt(std::max(0.0, sum_of_squares[i] / statistics.count - mean * mean));
  }
  const auto size = static_cast<double>(sum.size());
  statistics.variety /= size;
  statistics.contrast /= statistics.count;
  statistics.saturated /= size * statistics.count;
  return statistics;
}

}  // namespace ganymede::run
