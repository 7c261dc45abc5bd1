#include "gan/run/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "gan/run/axis.h"
#include "gan/run/format.h"
#include "gan/run/html.h"
#include "gan/run/series.h"

namespace ganymede::run {
namespace {

constexpr double kWidth = 560, kHeight = 290;                         // of the view box
constexpr double kLeft = 52, kRight = 540, kTop = 12, kBottom = 250;  // of the plot in it
constexpr std::size_t kMostPoints = 300;
constexpr std::size_t kColours = 8;  // --c0 to --c7 of the style sheet

std::pair<double, double> smooth_range(const SeriesGroup& group) {
  double lo = HUGE_VAL, hi = -HUGE_VAL;
  for (const Series& series : group.series)
    for (const auto& point : series.points)
      if (point) lo = std::min(lo, point->smooth), hi = std::max(hi, point->smooth);
  return {lo, hi};
}

// So that one spike does not flatten everything else: all of the smooth curves, and the middle 98 % of the
// raw values.
std::pair<double, double> value_range(const SeriesGroup& group) {
  std::vector<double> raw;
  for (const Series& series : group.series)
    for (const auto& point : series.points)
      if (point) raw.push_back(point->low), raw.push_back(point->high);
  std::sort(raw.begin(), raw.end());
  const std::size_t cut = raw.size() / 100;
  const auto [lo, hi] = smooth_range(group);
  return {std::min(lo, raw[cut]), std::max(hi, raw[raw.size() - 1 - cut])};
}

Scale vertical(const Chart& chart, const SeriesGroup& group, bool logarithmic) {
  if (chart.unit_interval && !logarithmic) return {0, 1, false, kBottom, kTop};
  auto [lo, hi] = value_range(group);
  if (logarithmic) {
    const double margin = std::max(std::pow(hi / lo, 0.05), 1.05);
    return {lo / margin, hi * margin, true, kBottom, kTop};
  }
  if (lo > 0 && lo < 0.4 * hi) lo = 0;
  const double margin = hi > lo ? 0.05 * (hi - lo) : std::max(0.1 * std::abs(hi), 1e-6);
  return {lo == 0 ? 0 : lo - margin, hi + margin, false, kBottom, kTop};
}

std::string raw_path(const Series& series, const SeriesGroup& group, const Scale& x, const Scale& y) {
  std::string path;
  bool pen_down = false;
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const auto& point = series.points[i];
    if (!point) {
      pen_down = false;
      continue;
    }
    const double at = x(group.iterations[i]);
    path += print("%s%.1f %.1f", pen_down ? "L" : "M", at, y(point->low));
    if (point->high > point->low) path += print("L%.1f %.1f", at, y(point->high));
    pen_down = true;
  }
  return path;
}

std::string smooth_path(const Series& series, const SeriesGroup& group, const Scale& x, const Scale& y) {
  std::string path;
  bool pen_down = false;
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const auto& point = series.points[i];
    if (point) path += print("%s%.1f %.1f", pen_down ? "L" : "M", x(group.iterations[i]), y(point->smooth));
    pen_down = point.has_value();
  }
  return path;
}

std::string draw_curves(const Chart& chart, const SeriesGroup& group, const Scale& x, const Scale& y) {
  std::string svg = print("<g class=\"%s\">", y.logarithmic ? "log-only" : "linear-only");
  for (const Tick& tick : ticks(y, 5)) {
    const double at = y(tick.value);
    svg += print("<path class=\"rule\" d=\"M%.0f %.1fH%.0f\"/>", kLeft, at, kRight);
    svg += print("<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>", kLeft - 7, at + 4,
                 tick.label.c_str());
  }
  if (chart.guide && *chart.guide > y.lo && *chart.guide < y.hi)
    svg += print("<path class=\"guide\" d=\"M%.0f %.1fH%.0f\"/>", kLeft, y(*chart.guide), kRight);
  // An inner <svg> clips: what the axis leaves out must not run over the labels.
  const double top = kTop - 2, width = kRight - kLeft, height = kBottom - kTop + 4;
  svg += print("<svg x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" ", kLeft, top, width, height);
  svg += print("viewBox=\"%.0f %.0f %.0f %.0f\">", kLeft, top, width, height);
  for (const bool smooth : {false, true}) {
    for (std::size_t s = 0; s < group.series.size(); ++s) {
      const Series& series = group.series[s];
      svg += "<path class=\"" + std::string(smooth ? "smooth" : "raw") + " s" + std::to_string(s) +
             "\" stroke=\"var(--c" + std::to_string(s % kColours) + ")\" d=\"" +
             (smooth ? smooth_path(series, group, x, y) : raw_path(series, group, x, y)) + "\"/>";
    }
  }
  return svg + "</svg></g>";
}

// Red marks along the top where a value was not finite.
std::string draw_breaks(const SeriesGroup& group, const Scale& x) {
  std::string svg;
  for (const Series& series : group.series)
    for (std::size_t i = 0; i < series.broken.size(); ++i)
      if (series.broken[i])
        svg += print("<path class=\"break\" d=\"M%.1f %.0fl5 -9h-10z\"><title>", x(group.iterations[i]),
                     kTop + 9) +
               escape_html(series.name) + " is not finite</title></path>";
  return svg;
}

std::string draw_svg(const Chart& chart, const SeriesGroup& group, const Scale& x) {
  std::string svg = print("<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", kWidth, kHeight);
  svg += escape_html(chart.title) + "\">";
  for (const Tick& tick : ticks(x, 6)) {
    const double at = x(tick.value);
    svg += print("<path class=\"tick\" d=\"M%.1f %.0fv5\"/>", at, kBottom);
    svg += print("<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">%s</text>", at, kBottom + 19,
                 tick.label.c_str());
  }
  svg += print("<text class=\"axis\" x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">iteration</text>", kRight,
               kHeight - 4);
  svg += draw_curves(chart, group, x, vertical(chart, group, false));
  if (group.positive) svg += draw_curves(chart, group, x, vertical(chart, group, true));
  svg += draw_breaks(group, x);
  svg += print("<path class=\"floor\" d=\"M%.0f %.0fH%.0f\"/>", kLeft, kBottom, kRight);
  svg += print("<path class=\"cursor\" d=\"M0 %.0fV%.0f\"/>", kTop, kBottom);
  return svg + "</svg>";
}

// What the readout shows, as JSON that is safe inside <script>.
std::string readout_data(const SeriesGroup& group, const Scale& x) {
  nlohmann::ordered_json data = {
      {"lo", x.lo}, {"hi", x.hi}, {"left", kLeft / kWidth}, {"right", kRight / kWidth}};
  data["x"] = group.iterations;
  for (const Series& series : group.series) {
    nlohmann::ordered_json raw = nlohmann::ordered_json::array(), smooth = raw;
    for (const auto& point : series.points) {
      raw.push_back(point ? nlohmann::ordered_json(short_number(point->mean)) : nullptr);
      smooth.push_back(point ? nlohmann::ordered_json(short_number(point->smooth)) : nullptr);
    }
    data["series"].push_back({{"name", series.name}, {"raw", raw}, {"smooth", smooth}});
  }
  std::string text = data.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
  for (std::size_t at = 0; (at = text.find('<', at)) != text.npos;) text.replace(at, 1, "\\u003c");
  return text;
}

std::string legend(const SeriesGroup& group) {
  std::string html = "<div class=\"legend\">";
  for (std::size_t s = 0; s < group.series.size(); ++s) {
    std::string last;
    for (const auto& point : group.series[s].points)
      if (point) last = short_number(point->smooth);
    html += print("<button type=\"button\" data-series=\"%zu\"><i style=\"background:var(--c%zu)\"></i>", s,
                  s % kColours);
    html += escape_html(group.series[s].name) + " <b>" + last + "</b></button>";
  }
  return html + "</div>";
}

}  // namespace

std::string draw_chart(const Chart& chart, const std::vector<StatsLine>& lines) {
  const SeriesGroup group = make_series(lines, chart.names, kMostPoints);
  const bool any = std::any_of(group.series.begin(), group.series.end(), [](const Series& series) {
    return std::any_of(series.points.begin(), series.points.end(),
                       [](const auto& point) { return point.has_value(); });
  });
  if (!any) return "";
  double first = group.iterations.front(), last = group.iterations.back();
  if (first < 0.1 * last) first = 0;
  const Scale x{first, last > first ? last : first + 1, false, kLeft, kRight};
  const auto [lo, hi] = smooth_range(group);
  const bool starts_logarithmic = group.positive && !chart.unit_interval && hi > 50 * lo;

  std::string html = "<figure class=\"chart" + std::string(starts_logarithmic ? " log" : "") +
                     "\"><figcaption><h3>" + escape_html(chart.title) + "</h3>";
  if (group.positive)
    html += "<button type=\"button\" class=\"scale\" title=\"linear or logarithmic axis\">log</button>";
  html += "<p>" + escape_html(chart.caption) + "</p></figcaption>" + legend(group) + "<div class=\"plot\">" +
          draw_svg(chart, group, x) + "<div class=\"readout\" hidden></div></div>";
  return html + "<script type=\"application/json\">" + readout_data(group, x) + "</script></figure>\n";
}

}  // namespace ganymede::run
