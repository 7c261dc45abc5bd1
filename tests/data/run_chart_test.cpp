#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "gan/run/axis.h"
#include "gan/run/chart.h"
#include "gan/run/chart_page.h"
#include "gan/run/series.h"
#include "tests/data/run_test_util.h"

namespace ganymede::run {
namespace {

std::vector<std::string> labels(double lo, double hi, bool logarithmic) {
  std::vector<std::string> all;
  for (const Tick& tick : ticks({lo, hi, logarithmic, 0, 100}, 5)) all.push_back(tick.label);
  return all;
}

using Labels = std::vector<std::string>;

}  // namespace

TEST(Axis, RoundNumbers) {
  EXPECT_EQ(labels(0, 1, false), (Labels{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(labels(-3.2, 7, false), (Labels{"-2", "0", "2", "4", "6"}));
  EXPECT_EQ(labels(0, 60000, false), (Labels{"0", "10k", "20k", "30k", "40k", "50k", "60k"}));
  EXPECT_EQ(labels(0, 4e6, false), (Labels{"0", "1M", "2M", "3M", "4M"}));
  EXPECT_EQ(labels(0.002, 300, true), (Labels{"0.01", "0.1", "1", "10", "100"}));
  EXPECT_EQ(labels(0.3, 4, true), (Labels{"0.5", "1", "2"}));
}

TEST(Axis, AnyRangeGetsAFewDistinctLabelsWithinIt) {
  for (const double lo : {-1e6, -0.3, 0.0, 1e-7, 0.011, 5.0, 99999.0}) {
    for (const double width : {1e-4, 0.02, 0.7, 3.0, 48.0, 6e4, 2e7}) {
      for (const bool logarithmic : {false, true}) {
        if ((logarithmic && lo <= 0) || width < 1e-6 * std::abs(lo)) continue;
        const Scale scale{lo, lo + width, logarithmic, 0, 100};
        const std::vector<Tick> all = ticks(scale, 5);
        std::set<std::string> distinct;
        for (const Tick& tick : all) {
          distinct.insert(tick.label);
          EXPECT_GE(scale(tick.value), -1e-6);
          EXPECT_LE(scale(tick.value), 100 + 1e-6);
        }
        EXPECT_EQ(distinct.size(), all.size()) << lo << " + " << width;
        EXPECT_GE(all.size(), 2u) << lo << " + " << width << " log " << logarithmic;
        EXPECT_LE(all.size(), 10u) << lo << " + " << width << " log " << logarithmic;
      }
    }
  }
}

// Values that a broken training or a damaged file can hold.
TEST(Axis, RangesWithoutStepsHaveNoLabels) {
  const double huge = std::numeric_limits<double>::max(), tiny = std::numeric_limits<double>::denorm_min();
  for (const bool logarithmic : {false, true}) {
    EXPECT_EQ(labels(tiny, HUGE_VAL, logarithmic), Labels{});
    EXPECT_EQ(labels(0, 10 * tiny, logarithmic), Labels{});
    EXPECT_EQ(labels(1e18, std::nextafter(1e18, 2e18), logarithmic), Labels{});
    EXPECT_EQ(labels(3, 3, logarithmic), Labels{});
  }
  EXPECT_EQ(labels(-huge, huge, false), Labels{});
  EXPECT_FALSE(labels(-huge / 4, huge / 4, false).empty());
  EXPECT_FALSE(labels(tiny, huge, true).empty());
}

TEST(Series, ThinningKeepsExtremesGapsAndBreaks) {
  std::vector<StatsLine> lines;
  for (int i = 1; i <= 1000; ++i) {
    StatsLine line{i, 0, {{"a", i == 500 ? 70.0 : 1.0}}, {{"rate", 5}}};
    if (i > 900) line.values.emplace_back("late", 2);
    if (i == 950) line.values[1].second = std::nan("");
    lines.push_back(line);
  }
  const SeriesGroup group = make_series(lines, {"a", "late", "rate", "never"}, 100);
  ASSERT_EQ(group.iterations.size(), 100u);
  EXPECT_EQ(group.iterations.front(), 10);
  EXPECT_EQ(group.iterations.back(), 1000);
  EXPECT_EQ(group.series[0].points[49]->high, 70);
  EXPECT_EQ(group.series[0].points[49]->low, 1);
  EXPECT_DOUBLE_EQ(group.series[0].points[49]->mean, 7.9);
  EXPECT_FALSE(group.series[1].points[89].has_value());
  EXPECT_EQ(group.series[1].points[90]->smooth, 2);  // debiased: no climb from 0
  EXPECT_TRUE(group.series[1].broken[94]);
  EXPECT_EQ(group.series[1].points[94]->mean, 2);
  EXPECT_EQ(group.series[2].points[0]->mean, 5);
  EXPECT_FALSE(group.series[3].points[0].has_value());
  EXPECT_TRUE(group.positive);
  lines[3].values[0].second = 0;
  EXPECT_FALSE(make_series(lines, {"a"}, 100).positive);
}

TEST(Chart, DrawsWhatCanBeDrawn) {
  std::vector<StatsLine> lines;
  EXPECT_EQ(draw_chart({"t", "c", {"a"}, false, {}}, lines), "");
  lines.push_back({1, 0, {{"a", std::nan("")}}, {}});
  EXPECT_EQ(draw_chart({"t", "c", {"a"}, false, {}}, lines), "");
  for (const double value : {0.0, 5.0, -1e-300, 1e300}) {
    const std::string svg = draw_chart({"t", "c", {"a"}, false, {}}, {{7, 0, {{"a", value}}, {}}});
    expect_mentions(svg, {"<svg", "class=\"smooth s0\""});
    EXPECT_EQ(svg.find("nan"), svg.npos);
    EXPECT_EQ(svg.find("inf"), svg.npos);
  }
  lines.push_back({2, 0, {{"a", 3}}, {}});
  expect_mentions(draw_chart({"t", "c", {"a"}, false, {}}, lines), {"class=\"break\"", "a is not finite"});
}

TEST(Chart, OneForEachGroup) {
  const auto titles = [](const Values& values) {
    std::vector<std::string> all;
    const std::string html = charts_section({{1, 0, values, {{"rate", 9}}}, {2, 0, values, {{"rate", 9}}}});
    for (std::size_t at = 0; (at = html.find("<h3>", at)) != html.npos; ++at)
      all.push_back(html.substr(at + 4, html.find("</h3>", at) - at - 4));
    return all;
  };
  EXPECT_EQ(titles({{"D/adv", 1},
                    {"G/adv", 1},
                    {"D/real", 1},
                    {"D/fake", 0},
                    {"grad_norm/D", 1},
                    {"update_ratio/D", 1}}),
            (Labels{"Losses", "The discriminator&#39;s answers", "Gradient norms", "Step sizes", "Speed"}));
  EXPECT_EQ(titles({{"G/a", 1}, {"G/b", 1}, {"G/c", 1}, {"D/fake", 1}, {"D/text", 1}, {"alpha", 1}}),
            (Labels{"Losses of G", "Losses of D", "Other values", "Speed"}));
  EXPECT_EQ(titles({{"D_A/real", 1}, {"D_A/fake", 1}, {"D_B/real", 1}, {"D_B/fake", 1}}),
            (Labels{"Answers of D_A", "Answers of D_B", "Speed"}));
}

}  // namespace ganymede::run
