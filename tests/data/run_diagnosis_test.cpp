#include "gan/run/diagnosis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "gan/data/grid.h"

namespace ganymede::run {
namespace {

using Level = Finding::Level;

// 100 log steps; `values(part)` for part 0 to 1 of the run.
Evidence evidence(const std::function<Values(double)>& values) {
  Evidence made;
  made.run = {{"model", "dcgan"}, {"steps", 1000}};
  for (int i = 1; i <= 100; ++i) made.lines.push_back({10 * i, 0.1 * i, values(i / 100.0), {}});
  return made;
}

bool has(const std::vector<Finding>& findings, Level level, const std::string& title) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.level == level && finding.title.find(title) != std::string::npos;
  });
}

bool all_well(const std::vector<Finding>& findings) {
  return std::all_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.level == Level::good || f.level == Level::note; });
}

Values healthy(double) {
  return {{"D/adv", 1.1},     {"G/adv", 1},       {"D/real", 0.7},         {"D/fake", 0.3},
          {"grad_norm/D", 2}, {"grad_norm/G", 1}, {"update_ratio/G", 1e-3}};
}

data::Picture sheet(int count, const std::function<std::uint8_t(int picture, int pixel)>& value,
                    int channels = 1) {
  std::vector<data::Picture> pictures;
  for (int i = 0; i < count; ++i) {
    data::Picture picture(12, 12, channels);
    for (std::size_t j = 0; j < picture.pixels.size(); ++j) picture.pixels[j] = value(i, static_cast<int>(j));
    pictures.push_back(picture);
  }
  return data::grid(pictures);
}

std::uint8_t scattered(int picture, int pixel) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(picture * 7919 + pixel * 104729) * 2654435761u >>
                                   24) /
             2 +
         40;
}

}  // namespace

TEST(Diagnosis, AHealthyRun) {
  const std::vector<Finding> findings = diagnose(evidence(healthy));
  EXPECT_TRUE(all_well(findings));
  EXPECT_TRUE(has(findings, Level::good, "in balance"));
}

TEST(Diagnosis, NumbersThatAreNotFinite) {
  Evidence made = evidence(healthy);
  made.lines[60].values[1].second = std::nan("");
  const std::vector<Finding> findings = diagnose(made);
  ASSERT_TRUE(has(findings, Level::problem, "broke down"));
  EXPECT_EQ(findings[0].level, Level::problem);  // problems come first
  EXPECT_NE(findings[0].seen.find("G/adv is nan at iteration 610"), std::string::npos);
}

TEST(Diagnosis, Divergence) {
  const auto growing = [](const std::string& name, double last) {
    return evidence([=](double part) { return Values{{name, part < 0.5 ? 1 : last}}; });
  };
  EXPECT_TRUE(has(diagnose(growing("G/adv", 1000)), Level::problem, "runs away"));
  EXPECT_TRUE(has(diagnose(growing("G/adv", -1000)), Level::problem, "runs away"));
  EXPECT_TRUE(has(diagnose(growing("grad_norm/D", 40)), Level::problem, "runs away"));
  EXPECT_TRUE(all_well(diagnose(growing("G/adv", 10))));
  EXPECT_TRUE(all_well(diagnose(growing("D/real", 1000))));  // a score without a scale
}

TEST(Diagnosis, WhoWins) {
  const auto answers = [](double real, double fake, const std::string& prefix = "D/") {
    return diagnose(evidence([=](double) {
      return Values{{prefix + "real", real}, {prefix + "fake", fake}};
    }));
  };
  EXPECT_TRUE(has(answers(0.99, 0.01), Level::problem, "The discriminator wins"));
  EXPECT_TRUE(has(answers(0.4, 0.95), Level::problem, "The discriminator is fooled"));
  EXPECT_TRUE(has(answers(0.5, 0.49), Level::note, "guessing"));
  EXPECT_TRUE(has(answers(0.8, 0.2), Level::good, "in balance"));
  EXPECT_TRUE(has(answers(12, -3), Level::note, "The critic's gap: 15.0"));
  EXPECT_TRUE(has(answers(0.99, 0.01, "D_A/"), Level::problem, "The discriminator wins"));
  EXPECT_TRUE(has(diagnose(evidence([](double part) {
                    return Values{{"D/adv", part < 0.5 ? 1 : 0.01}};
                  })),
                  Level::warning, "loss goes to nothing"));
}

TEST(Diagnosis, StandstillAndLargeSteps) {
  const auto norm = [](double first, double last) {
    return diagnose(evidence([=](double part) {
      return Values{{"grad_norm/G", part < 0.5 ? first : last}};
    }));
  };
  EXPECT_TRUE(has(norm(1, 1e-8), Level::problem, "G no longer learns"));
  EXPECT_TRUE(has(norm(1e3, 1e-2), Level::problem, "G no longer learns"));
  EXPECT_TRUE(all_well(norm(1, 0.01)));
  EXPECT_TRUE(has(diagnose(evidence([](double) {
                    return Values{{"update_ratio/D", 0.2}};
                  })),
                  Level::warning, "D takes very large steps"));
  const auto steps = [](double ratio) {
    return diagnose(evidence([=](double) { return Values{{"update_ratio/G", ratio}}; }));
  };
  EXPECT_TRUE(has(steps(5e-5), Level::warning, "G has hardly moved"));   // 1000 iterations: 5 % in all
  EXPECT_TRUE(all_well(steps(2e-4)));
}

TEST(Diagnosis, PicturesThatAreAlikeFlatOrSaturated) {
  Evidence made = evidence(healthy);
  made.reals = examine_sheet(sheet(16, scattered));
  const auto judge = [&](const std::function<std::uint8_t(int, int)>& value) {
    made.samples = examine_sheet(sheet(16, value));
    EXPECT_TRUE(made.samples.has_value());
    return diagnose(made);
  };
  EXPECT_TRUE(has(judge([](int i, int j) { return scattered(i + 99, j); }), Level::good, "varied"));
  EXPECT_TRUE(has(judge([](int, int j) { return scattered(3, j); }), Level::problem, "collapsed"));
  EXPECT_TRUE(has(judge([](int i, int j) {
                    return static_cast<std::uint8_t>(scattered(3, j) * 0.7 + scattered(i, j) * 0.3);
                  }),
                  Level::warning, "much alike"));
  const auto untrained = [](int i, int j) { return static_cast<std::uint8_t>(128 + (scattered(3, j) - 128) * 0.2 + (scattered(i, j) - 128) * 0.05); };
  EXPECT_TRUE(has(judge(untrained), Level::problem, "collapsed"));
  made.first = examine_sheet(sheet(16, [&](int i, int j) { return untrained(i + 40, j); }));
  EXPECT_TRUE(has(judge(untrained), Level::warning, "untrained generator"));
  EXPECT_FALSE(has(judge(untrained), Level::problem, "collapsed"));
  EXPECT_TRUE(has(judge([](int, int j) { return scattered(3, j); }), Level::problem, "collapsed"));   // of full contrast
  made.first.reset();
  made.lines = evidence([](double) { return Values{{"update_ratio/G", 5e-5}, {"update_ratio/D", 5e-5}}; }).lines;
  EXPECT_TRUE(has(judge(untrained), Level::warning, "untrained generator"));
  made.lines = evidence([](double) { return Values{{"update_ratio/G", 5e-5}, {"update_ratio/D", 1e-3}}; }).lines;
  EXPECT_TRUE(has(judge(untrained), Level::problem, "collapsed"));
  made.lines = evidence(healthy).lines;
  EXPECT_TRUE(
      has(judge([](int i, int) { return static_cast<std::uint8_t>(100 + i); }), Level::problem, "flat"));
  EXPECT_TRUE(
      has(judge([](int i, int j) { return static_cast<std::uint8_t>(scattered(i, j) > 100 ? 255 : 0); }),
          Level::warning, "saturated"));
}

TEST(Diagnosis, ShortAndUnfinishedRuns) {
  EXPECT_TRUE(has(diagnose({}), Level::note, "Too early"));
  Evidence made = evidence(healthy);
  made.lines.resize(50);
  EXPECT_TRUE(has(diagnose(made), Level::note, "not finished"));
  made.run["steps"] = 500;
  EXPECT_FALSE(has(diagnose(made), Level::note, "not finished"));
}

TEST(SampleSheet, IsTakenApart) {
  const auto statistics = examine_sheet(sheet(
      13, [](int i, int j) { return static_cast<std::uint8_t>((i + j) % 2 ? 10 : 110); }, 3));
  ASSERT_TRUE(statistics.has_value());
  EXPECT_EQ(statistics->count, 13);
  EXPECT_NEAR(statistics->variety, 100 * std::sqrt(6.0 * 7) / 13, 1e-9);  // 7 of one kind, 6 of the other
  EXPECT_NEAR(statistics->contrast, 50, 1e-9);
  EXPECT_EQ(statistics->saturated, 0);
  EXPECT_EQ(examine_sheet(sheet(8, [](int, int) { return 5; }))->variety, 0);
}

TEST(SampleSheet, WhatIsNoSheetIsLeftAlone) {
  EXPECT_FALSE(examine_sheet(data::Picture(40, 40, 3, 200)).has_value());  // one colour
  EXPECT_FALSE(examine_sheet(sheet(2, scattered)).has_value());            // too few
  data::Picture photo(30, 30, 1);
  for (std::size_t i = 0; i < photo.pixels.size(); ++i) photo.pixels[i] = scattered(1, static_cast<int>(i));
  EXPECT_FALSE(examine_sheet(photo).has_value());
}

}  // namespace ganymede::run
