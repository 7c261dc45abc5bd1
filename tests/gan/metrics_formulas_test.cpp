// The measures' formulas against closed forms, and against numpy, scipy and PyTorch (tests/cases/metrics.py).
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "gan/data/random.h"
#include "gan/metrics/collapse.h"
#include "gan/metrics/frechet.h"
#include "gan/metrics/inception_score.h"
#include "gan/metrics/judged.h"
#include "gan/metrics/modes.h"
#include "gan/metrics/neighbours.h"
#include "gan/metrics/perceptual.h"
#include "gan/metrics/similarity.h"
#include "engine/check.h"
#include "engine/safetensors.h"
#include "tests/support/places.h"

namespace ganymede::metrics {
namespace {

class Case {
 public:
  double value(const std::string& name) const {
    double v;
    std::memcpy(&v, file_.at(name).data, sizeof v);
    return v;
  }
  std::vector<float> floats(const std::string& name) const {
    const RawTensor& t = file_.at(name);
    std::vector<float> v(t.bytes / sizeof(float));
    std::memcpy(v.data(), t.data, t.bytes);
    return v;
  }
  Rows rows(const std::string& name) const {
    Rows r(file_.at(name).shape[0], file_.at(name).shape[1]);
    r.values = floats(name);
    return r;
  }
  data::Picture picture(const std::string& name) const {
    const auto& shape = file_.at(name).shape;
    data::Picture p(shape[0], shape[1], shape[2]);
    const auto v = floats(name);
    for (size_t i = 0; i < v.size(); ++i) p.pixels[i] = uint8_t(v[i]);
    return p;
  }
 private:
  SafetensorsFile file_ = SafetensorsFile::read(test::source_dir() + "/tests/cases/metrics.safetensors");
};

Rows normal_rows(int64_t n, int64_t width, uint64_t seed, double shift = 0, double scale = 1) {
  Rows r(n, width);
  data::Random random(seed);
  for (float& v : r.values) v = float(shift + scale * random.normal());
  return r;
}

Gaussian diagonal(const std::vector<double>& mean, const std::vector<double>& variance) {
  const size_t n = mean.size();
  Gaussian g{int64_t(n), mean, std::vector<double>(n * n, 0.0)};
  for (size_t i = 0; i < n; ++i) g.covariance[i * n + i] = variance[i];
  return g;
}

#define EXPECT_CLOSE(got, expected, relative) EXPECT_NEAR(got, expected, (relative) * std::abs(expected))

TEST(MetricsFrechet, ClosedForms) {
  EXPECT_NEAR(frechet_distance(diagonal({0, 0, 0}, {1, 1, 1}), diagonal({1, -2, 0.5}, {1, 1, 1})), 5.25, 1e-12);
  const double roots = std::pow(2 - 1, 2) + std::pow(0 - 3, 2) + std::pow(0.5 - 0.1, 2);
  EXPECT_NEAR(frechet_distance(diagonal({0, 0, 0}, {4, 0, 0.25}), diagonal({0, 0, 0}, {1, 9, 0.01})), roots, 1e-12);
  // Rotated by 45 degrees: S1 = diag(4, 1), S2 = [[2.5, 1.5], [1.5, 2.5]] has the same eigenvalues; Tr sqrt(S1 S2) = sqrt(Tr + 2 sqrt(det)).
  Gaussian turned{2, {0, 0}, {2.5, 1.5, 1.5, 2.5}};
  EXPECT_NEAR(frechet_distance(diagonal({0, 0}, {4, 1}), turned), 10 - 2 * std::sqrt(12.5 + 2 * 4), 1e-12);
}

TEST(MetricsFrechet, AgreesWithScipy) {
  const Case c;
  EXPECT_CLOSE(frechet_distance(gaussian_of(c.rows("x")), gaussian_of(c.rows("y"))), c.value("fid"), 1e-8);
  EXPECT_CLOSE(frechet_distance(c.rows("y"), c.rows("x")), c.value("fid"), 1e-8);
  EXPECT_CLOSE(frechet_distance_of_few(c.rows("x"), c.rows("y")), c.value("fid"), 1e-8);
  EXPECT_CLOSE(frechet_distance_of_few(c.rows("few_x"), c.rows("few_y")), c.value("fid_few"), 1e-10);
  // Singular covariances.
  EXPECT_CLOSE(frechet_distance(gaussian_of(c.rows("few_x")), gaussian_of(c.rows("few_y"))), c.value("fid_few"), 1e-6);
}

TEST(MetricsFrechet, OfItselfIsZeroAndBiasFallsWithCount) {
  const Rows x = normal_rows(4000, 16, 1), y = normal_rows(4000, 16, 2);
  EXPECT_LT(std::abs(frechet_distance(x, x)), 1e-6);
  const double full = frechet_distance(x, y), half = frechet_distance(x.first(2000), y.first(2000));
  EXPECT_GT(half / full, 1.5);
  EXPECT_LT(half / full, 2.7);
}

TEST(MetricsFrechet, DeterminantsOfCovariances) {
  EXPECT_NEAR(log_determinant(diagonal({0, 0, 0}, {4, 0.5, 0.25})), std::log(0.5), 1e-12);
  EXPECT_NEAR(log_determinant({2, {0, 0}, {2.5, 1.5, 1.5, 2.5}}), std::log(4), 1e-12);
  EXPECT_TRUE(std::isnan(log_determinant(diagonal({0, 0}, {1, 0}))));
}

TEST(MetricsFrechet, RefusesWhatHasNoCovariance) {
  Rows bad = normal_rows(5, 3, 1);
  bad.values[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(gaussian_of(bad), Error);
  EXPECT_THROW(gaussian_of(normal_rows(1, 3, 1)), Error);
  EXPECT_THROW(frechet_distance(normal_rows(9, 3, 1), normal_rows(9, 4, 1)), Error);
}

TEST(MetricsKid, AgreesWithNumpy) {
  const Case c;
  EXPECT_CLOSE(polynomial_mmd(c.rows("x"), c.rows("y")), c.value("mmd"), 1e-9);
  // All rows in every subset: no spread.
  const Spread all = kid(c.rows("x"), c.rows("y"), 5, 1000);
  EXPECT_CLOSE(all.mean, c.value("mmd"), 1e-9);
  EXPECT_LT(all.deviation, 1e-9 * all.mean);
}

TEST(MetricsKid, OfOneDistributionIsZeroWithinItsError) {
  const Rows x = normal_rows(3000, 8, 3), y = normal_rows(3000, 8, 4);
  const Spread same = kid(x, y, 30, 100), apart = kid(x, normal_rows(3000, 8, 5, 0.5), 30, 100);
  EXPECT_LT(std::abs(same.mean), 3 * same.deviation / std::sqrt(30.0) + 1e-3);
  EXPECT_GT(apart.mean, 5 * same.deviation / std::sqrt(30.0) + std::abs(same.mean));
  EXPECT_EQ(kid(x, y, 30, 100).mean, same.mean);
}

TEST(MetricsScore, AgreesWithNumpy) {
  const Case c;
  const Spread s = inception_score(c.rows("probabilities"), 3);
  EXPECT_CLOSE(s.mean, c.value("is_mean"), 1e-9);
  EXPECT_CLOSE(s.deviation, c.value("is_deviation"), 1e-7);
}

TEST(MetricsScore, Bounds) {
  Rows sure(50, 5), unsure(50, 5);
  for (int64_t i = 0; i < 50; ++i)
    for (int64_t k = 0; k < 5; ++k) sure.row(i)[size_t(k)] = k == i % 5, unsure.row(i)[size_t(k)] = 0.2f;
  EXPECT_NEAR(inception_score(sure, 10).mean, 5, 1e-12);
  EXPECT_NEAR(inception_score(sure, 10).deviation, 0, 1e-12);
  EXPECT_NEAR(inception_score(unsure, 2).mean, 1, 1e-6);
  EXPECT_THROW(inception_score(sure, 51), Error);
  sure.row(3)[0] = 1;
  EXPECT_THROW(inception_score(sure, 1), Error);
}

TEST(MetricsNeighbours, AgreeWithBruteForce) {
  const Case c;
  const Rows x = c.rows("x"), y = c.rows("y");
  EXPECT_EQ(precision_recall(x, y, 3).precision, c.value("precision"));
  EXPECT_EQ(precision_recall(x, y, 3).recall, c.value("recall"));
  EXPECT_CLOSE(density_coverage(x, y, 5).density, c.value("density"), 1e-12);
  EXPECT_EQ(density_coverage(x, y, 5).coverage, c.value("coverage"));
  const auto r = realism(x, y, 3);
  EXPECT_CLOSE(std::accumulate(r.begin(), r.end(), 0.0), c.value("realism_sum"), 1e-9);
}

TEST(MetricsNeighbours, Extremes) {
  const Rows x = normal_rows(600, 6, 1), far = normal_rows(600, 6, 2, 100);
  EXPECT_EQ(precision_recall(x, x).precision, 1);
  EXPECT_EQ(precision_recall(x, x).recall, 1);
  EXPECT_EQ(precision_recall(x, far).precision, 0);
  EXPECT_EQ(precision_recall(x, far).recall, 0);
  Rows two = x;   // two modes; the samples have one of them
  two.append(far.values);
  const PrecisionRecall r = precision_recall(two, normal_rows(600, 6, 3));
  EXPECT_GT(r.precision, 0.9);
  EXPECT_LT(r.recall, 0.55);
  const Nearest n = nearest(far.first(3), two);
  EXPECT_EQ(n.index[2], 602);
  EXPECT_EQ(n.distance[2], 0);
  EXPECT_THROW(precision_recall(x.first(3), x), Error);
}

TEST(MetricsSimilarity, AgreesWithNumpy) {
  const Case c;
  const data::Picture a = c.picture("picture_a"), b = c.picture("picture_b");
  EXPECT_CLOSE(psnr(planes(a), planes(b)), c.value("psnr"), 1e-12);
  EXPECT_CLOSE(psnr({without_border(luma_matlab(a), 4)}, {without_border(luma_matlab(b), 4)}), c.value("psnr_matlab"), 1e-12);
  EXPECT_CLOSE(psnr({luma_jpeg(a)}, {luma_jpeg(b)}), c.value("psnr_jpeg"), 1e-12);
  EXPECT_CLOSE(ssim(planes(a), planes(b)), c.value("ssim"), 1e-10);
  EXPECT_CLOSE(ms_ssim(planes(a), planes(b), SmallScale::shrink), c.value("ms_ssim_small"), 1e-10);
  EXPECT_CLOSE(ms_ssim(planes(c.picture("large_a")), planes(c.picture("large_b"))), c.value("ms_ssim"), 1e-10);
}

TEST(MetricsSimilarity, ClosedForms) {
  const auto flat = [](uint8_t v, int64_t size = 12) { return planes(data::Picture(size, size, 1, v)); };
  EXPECT_NEAR(psnr(flat(10), flat(11)), 48.1308, 5e-5);
  EXPECT_NEAR(psnr(flat(10), flat(20)), 28.1308, 5e-5);
  EXPECT_EQ(psnr(flat(7), flat(7)), std::numeric_limits<double>::infinity());
  const double c1 = 2.55 * 2.55;
  EXPECT_NEAR(ssim(flat(50), flat(90)), (2.0 * 50 * 90 + c1) / (50.0 * 50 + 90.0 * 90 + c1), 1e-9);
  EXPECT_EQ(ssim(flat(50), flat(90)), ssim(flat(90), flat(50)));
  EXPECT_NEAR(ssim(flat(50), flat(50)), 1, 1e-9);
  EXPECT_NEAR(luma_matlab(data::Picture(1, 1, 3, 255)).values[0], 235, 1e-9);
  EXPECT_NEAR(ms_ssim(flat(9, 176), flat(9, 176)), 1, 1e-9);
  EXPECT_THROW(ms_ssim(flat(9, 175), flat(9, 175)), Error);
  EXPECT_THROW(ssim(flat(9, 10), flat(9, 10)), Error);
  EXPECT_THROW(psnr(flat(9), flat(9, 13)), Error);
}

TEST(MetricsPerceptual, AgreesWithNumpy) {
  const Case c;
  const Maps a{c.rows("map_a0"), c.rows("map_a1")}, b{c.rows("map_b0"), c.rows("map_b1")};
  EXPECT_CLOSE(lpips(a, b, {c.floats("lpips_weight0"), c.floats("lpips_weight1")}), c.value("lpips"), 1e-8);
  EXPECT_CLOSE(lpips(a, b), c.value("lpips_plain"), 1e-8);
  EXPECT_CLOSE(cosine_distance(a, b), c.value("cosine"), 1e-8);
  EXPECT_EQ(lpips(a, a), 0);
  const Maps whole{normal_rows(9, 6, 1)}, other{normal_rows(9, 6, 2)};   // no empty position: twice the cosine distance
  EXPECT_CLOSE(lpips(whole, other), 2 * cosine_distance(whole, other), 1e-9);
  EXPECT_THROW(lpips(a, {b[0]}), Error);
  EXPECT_THROW(lpips(a, b, {{1, 2}, {1}}), Error);
  EXPECT_LT(std::abs(sifid(c.rows("x"), c.rows("x"))), 1e-6);
  EXPECT_CLOSE(sifid(c.rows("x"), c.rows("y")), c.value("fid"), 1e-8);
}

TEST(MetricsCollapse, CoverageSeesLostClasses) {
  std::vector<int64_t> even, lost;
  for (int i = 0; i < 1000; ++i) even.push_back(i % 10), lost.push_back(i % 8);
  const ClassCoverage all = class_coverage(even, 10), some = class_coverage(lost, 10);
  EXPECT_EQ(all.covered, 10);
  EXPECT_NEAR(all.smallest, 0.1, 1e-12);
  EXPECT_NEAR(all.off, 0, 1e-12);
  EXPECT_EQ(some.covered, 8);
  EXPECT_EQ(some.smallest, 0);
  EXPECT_NEAR(some.off, 0.2, 1e-12);
  std::vector<int64_t> rare(1000, 0);
  std::fill(rare.begin(), rare.begin() + 29, 1);   // below 0.3 of an equal share of 10 classes
  EXPECT_EQ(class_coverage(rare, 10).covered, 1);
  rare[29] = 1;
  EXPECT_EQ(class_coverage(rare, 10).covered, 2);
  EXPECT_THROW(class_coverage({10}, 10), Error);
}

TEST(MetricsCollapse, DiversitySeesOnePictureAClass) {
  const Rows real = normal_rows(2000, 5, 1);
  Rows half = normal_rows(2000, 5, 2, 0, 0.5), same = half;
  std::vector<int64_t> labels;
  for (int i = 0; i < 2000; ++i) labels.push_back(i % 4);
  for (int64_t i = 0; i < 2000; i += 4)                       // class 0: one picture again and again
    std::copy_n(half.row(0).begin(), 5, same.row(i).begin());
  EXPECT_NEAR(class_diversity(real, labels, half, labels, 4).mean, 0.25, 0.03);
  const ClassDiversity d = class_diversity(real, labels, same, labels, 4);
  EXPECT_NEAR(d.least, 0, 1e-12);
  EXPECT_NEAR(d.mean, 0.1875, 0.03);
  EXPECT_TRUE(std::isnan(class_diversity(real, labels, half, labels, 5).ratio[4]));
  for (const auto& [a, b] : pairs_in_classes(labels, 4, 50)) EXPECT_TRUE(a != b && labels[size_t(a)] == labels[size_t(b)]);
  EXPECT_EQ(pairs_in_classes(labels, 5, 50).size(), 200u);
}

TEST(MetricsModes, CountsHitsAndQuality) {
  const data::Mixture& ring = data::mixture_named("ring8");
  Rows points(0, 2);
  for (int m = 0; m < 3; ++m)
    for (const double away : {0.0, 2.9, 3.1}) {
      const float p[2] = {float(ring.centres[size_t(m)][0] + away * ring.deviation), float(ring.centres[size_t(m)][1])};
      points.append(p);
    }
  const Modes some = count_modes(points, ring);
  EXPECT_EQ(some.hit, 3);
  EXPECT_NEAR(some.quality, 6.0 / 9, 1e-12);
  EXPECT_NEAR(some.divergence, std::log(8.0 / 3), 1e-12);
  data::Random random(1);
  Rows truth(0, 2);
  for (int i = 0; i < 20000; ++i) {
    size_t mode;
    const auto d = ring.draw(random, mode);
    const float p[2] = {float(d[0]), float(d[1])};
    truth.append(p);
  }
  const Modes all = count_modes(truth, ring);
  EXPECT_EQ(all.hit, 8);
  EXPECT_NEAR(all.quality, 1 - std::exp(-4.5), 0.003);
  EXPECT_LT(all.divergence, 0.001);
  EXPECT_THROW(count_modes(normal_rows(4, 3, 1), ring), Error);
}

TEST(MetricsJudged, SegmentationByHand) {
  Confusion c(2);
  c.add({0, 0, 0, 1, 255}, {0, 0, 1, 1, 1});   // of class 0: 2 of 3, of class 1: 1 of 1; void is skipped
  EXPECT_NEAR(c.pixel_accuracy(), 0.75, 1e-12);
  EXPECT_NEAR(c.class_accuracy(), (2.0 / 3 + 1) / 2, 1e-12);
  EXPECT_NEAR(c.class_iou(), (2.0 / 3 + 1.0 / 2) / 2, 1e-12);
  Confusion perfect(3);
  perfect.add({0, 1, 2}, {0, 1, 2});
  EXPECT_EQ(perfect.pixel_accuracy() + perfect.class_accuracy() + perfect.class_iou(), 3);
}

TEST(MetricsJudged, BootstrapOfCoins) {
  std::vector<std::vector<int>> answers(40, std::vector<int>(50));
  data::Random random(3);
  for (auto& worker : answers)
    for (int& a : worker) a = random.chance(0.5);
  const Fooled f = fooling_rate(answers, 2000);
  const double expected = std::sqrt(0.25 / 2000);
  EXPECT_NEAR(f.rate, 0.5, 4 * expected);
  EXPECT_NEAR(f.mean, f.rate, 0.2 * expected * 5);
  // Workers are drawn too, so the deviation is between once and twice that of independent trials.
  EXPECT_GT(f.deviation, 0.9 * expected);
  EXPECT_LT(f.deviation, 2 * expected);
  EXPECT_LT(f.low, f.rate);
  EXPECT_GT(f.high, f.rate);
}

}  // namespace
}  // namespace ganymede::metrics
