// Real pictures spoilt by a known amount: each damage does what its axis says, and nothing at level 0.
#include "gan/metrics/damage.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "engine/check.h"
#include "gan/data/random.h"

namespace ganymede::test {
namespace {

using metrics::Pictures;

// 400 grey pictures of 12 px in 4 classes, all different, around the middle of the range.
Pictures pictures() {
  Pictures p;
  p.count = 400, p.height = p.width = 12, p.channels = 1;
  data::Random random(7);
  for (int64_t i = 0; i < p.count; ++i) {
    p.labels.push_back(i % 4);
    for (int64_t k = 0; k < 144; ++k) p.bytes.push_back(uint8_t(100 + random.below(56)));
  }
  return p;
}

Pictures spoilt(const std::string& name, double level) {
  for (const auto& d : metrics::damages())
    if (d.name == name) return d.apply(pictures(), level, 3);
  ADD_FAILURE() << "no damage " << name;
  return {};
}

struct Moments {
  double mean = 0, deviation = 0;
};
Moments moments(const std::vector<double>& x) {
  Moments m;
  for (const double v : x) m.mean += v / double(x.size());
  for (const double v : x) m.deviation += (v - m.mean) * (v - m.mean) / double(x.size());
  m.deviation = std::sqrt(m.deviation);
  return m;
}

TEST(Damage, LevelZeroIsNone) {
  ASSERT_EQ(metrics::damages().size(), 4u);
  for (const auto& d : metrics::damages()) {
    EXPECT_EQ(d.levels.front(), 0) << d.name;
    EXPECT_EQ(spoilt(d.name, 0).bytes, pictures().bytes) << d.name;
    EXPECT_NE(spoilt(d.name, d.levels.back()).bytes, pictures().bytes) << d.name;
    EXPECT_EQ(spoilt(d.name, d.levels.back()).bytes, spoilt(d.name, d.levels.back()).bytes) << d.name;
    EXPECT_EQ(spoilt(d.name, d.levels.back()).count, 400) << d.name;
  }
}

TEST(Damage, NoiseHasItsDeviation) {
  const Pictures before = pictures(), after = spoilt("noise", 16);
  std::vector<double> change;
  for (size_t i = 0; i < before.bytes.size(); ++i) change.push_back(double(after.bytes[i]) - before.bytes[i]);
  const Moments m = moments(change);
  EXPECT_NEAR(m.mean, 0, 0.3);
  EXPECT_NEAR(m.deviation, 16, 0.3);
}

// Of independent pixels a Gaussian of deviation s leaves about 1 / (2 s sqrt(pi)) of theirs, and the mean.
TEST(Damage, BlurAveragesNeighbours) {
  const auto of = [](const Pictures& p) { return moments({p.bytes.begin(), p.bytes.end()}); };
  const Moments before = of(pictures()), after = of(spoilt("blur", 1));
  EXPECT_NEAR(after.mean, before.mean, 0.5);
  EXPECT_NEAR(after.deviation / before.deviation, 1 / (2 * std::sqrt(3.14159265)), 0.06);
  EXPECT_LT(of(spoilt("blur", 2)).deviation, after.deviation);
}

TEST(Damage, ClassesAndVarietyAreLost) {
  const Pictures two = spoilt("lost classes", 2);
  EXPECT_EQ(std::set<int64_t>(two.labels.begin(), two.labels.end()), (std::set<int64_t>{0, 1}));
  const Pictures few = spoilt("lost variety", 5);
  EXPECT_EQ(few.labels, pictures().labels);
  std::map<int64_t, std::set<std::vector<uint8_t>>> different;
  const Pictures all = pictures();
  for (int64_t i = 0; i < few.count; ++i) {
    const std::vector<uint8_t> picture(few.bytes.begin() + i * 144, few.bytes.begin() + (i + 1) * 144);
    different[few.labels[size_t(i)]].insert(picture);
    bool real = false;
    for (int64_t k = 0; k < all.count && !real; ++k)
      real = all.labels[size_t(k)] == few.labels[size_t(i)] && std::equal(picture.begin(), picture.end(), all.bytes.begin() + k * 144);
    EXPECT_TRUE(real) << "picture " << i << " is none of its class";
  }
  for (const auto& [label, of] : different) EXPECT_EQ(of.size(), 5u) << label;
}

TEST(Damage, ClassesNeedLabels) {
  Pictures p = pictures();
  p.labels.clear();
  for (const auto& d : metrics::damages()) {
    if (d.name.starts_with("lost")) EXPECT_THROW(d.apply(p, 1, 1), Error) << d.name;
    else EXPECT_EQ(d.apply(p, 1, 1).count, 400) << d.name;
  }
}

}  // namespace
}  // namespace ganymede::test
