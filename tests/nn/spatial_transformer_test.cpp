// Spatial transformers: what each transform does to a picture, known ones against loops, every derivative against differences, and what may go wrong.
#include "nn/spatial_transformer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/check.h"
#include "engine/ops.h"
#include "nn/blocks.h"
#include "nn/net.h"
#include "tests/support/gradcheck.h"

namespace ganymede::nn {
namespace {

using test::random_tensor;

const std::vector<Transform> kAll{Transform::affine, Transform::attention, Transform::similarity, Transform::projective, Transform::tps};
std::vector<double> thetas(Transform t, int64_t n) {
  std::vector<double> all;
  for (int64_t i = 0; i < n; ++i) {
    const auto one = identity_of(t);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

class SpatialTransformers : public testing::Test {
 protected:
  void SetUp() override { context().device = Device{}, context().dtype = DType::f64, seed(5); }
  static Tensor rows(const std::vector<double>& values, int64_t n = 1, DType dtype = DType::f64) { return tensor(values, Shape{n, int64_t(values.size()) / n}, dtype, Device{}); }
  static Tensor seen(const Tensor& x, const Tensor& grid, bool corners, SampleBorder border = SampleBorder::zeros) { return grid_sample(x, grid, {.border = border, .align_corners = corners}); }
  static double difference(const Tensor& a, const Tensor& b) { return max(abs(cast(a, DType::f64) - cast(b, DType::f64))).item(); }
  // A layer on pictures of 6 x 5 x 2 whose last layer looks as it is made.
  static Layer layer(Transform t, int64_t height, int64_t width, bool corners = true) {
    return spatial_transformer(sequential({reshape_to({60}), linear(60, 4, true, init::normal(0, 0.3)), nn::tanh()}), 4, {t, height, width, SampleBorder::zeros, corners});
  }
  ContextScope scope_;
};

// A sampler that scales by W - 2 for W - 1 is not the identity. An axis of one pixel has its place in the middle.
TEST_F(SpatialTransformers, TheIdentityGivesThePictureInBothConventions) {
  for (const DType dtype : {DType::f64, DType::f32})
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      context().dtype = dtype, context().precision = precision;
      for (const Transform t : kAll)
        for (const bool corners : {true, false})
          for (const Shape& shape : {Shape{2, 7, 12, 3}, Shape{2, 1, 5, 1}, Shape{2, 6, 1, 2}}) {
            const Tensor x = uniform(shape);
            // In f32 a place of 12 pixels is known to about 1e-6 pixels.
            const Tensor grid = TransformGrid(t, shape[1], shape[2], corners)(rows(thetas(t, 2), 2, dtype));
            EXPECT_LE(difference(seen(x, grid, corners), x), dtype == DType::f64 ? 1e-12 : 2e-6) << int(t) << " " << corners << " " << shape;
          }
    }
}

TEST_F(SpatialTransformers, AQuarterTurnIsExact) {
  const int64_t n = 6;
  const Tensor x = random_tensor({1, n, n, 2}, 4);
  Tensor wanted = flip(permute(x, {0, 2, 1, 3}), 1);   // result [i][j] is x [j][n - 1 - i]
  for (const bool corners : {true, false})
    for (const auto& [t, theta] : {std::pair{Transform::affine, std::vector<double>{0, -1, 0, 1, 0, 0}}, {Transform::similarity, {1, std::numbers::pi / 2, 0, 0}}, {Transform::projective, {0, -1, 0, 1, 0, 0, 0, 0}}})
      EXPECT_LE(difference(seen(x, TransformGrid(t, n, n, corners)(rows(theta)), corners), wanted), 1e-5) << int(t) << " " << corners;
  EXPECT_EQ(x.to_doubles()[size_t(n - 1) * 2], wanted.to_doubles()[0]);   // the upper right corner comes to the upper left
}

TEST_F(SpatialTransformers, WholePixelsAreShiftedExactly) {
  const int64_t h = 5, w = 8, right = 3, down = -2;
  const Tensor x = random_tensor({1, h, w, 1}, 5);
  const auto v = x.to_doubles();
  for (const bool corners : {true, false}) {
    const double tx = 2.0 * double(right) / double(corners ? w - 1 : w), ty = 2.0 * double(down) / double(corners ? h - 1 : h);
    for (const auto& [t, theta] : {std::pair{Transform::affine, std::vector<double>{1, 0, tx, 0, 1, ty}}, {Transform::attention, {1, tx, ty}}, {Transform::similarity, {1, 0, tx, ty}}, {Transform::projective, {1, 0, tx, 0, 1, ty, 0, 0}}}) {
      const auto y = seen(x, TransformGrid(t, h, w, corners)(rows(theta)), corners).to_doubles();
      for (int64_t i = 0; i < h; ++i)
        for (int64_t j = 0; j < w; ++j) {
          const bool inside = i + down >= 0 && i + down < h && j + right < w;
          EXPECT_NEAR(y[size_t(i * w + j)], inside ? v[size_t((i + down) * w + j + right)] : 0, 1e-9) << int(t) << " " << corners << " " << i << " " << j;
        }
    }
  }
}

// Of all parameters at once, against the maps written out.
TEST_F(SpatialTransformers, PlacesAreThoseOfTheMaps) {
  const int64_t h = 3, w = 4;
  const auto each_place = [&](Transform t, const std::vector<double>& theta, bool corners, const std::function<std::pair<double, double>(double, double)>& map) {
    const auto grid = TransformGrid(t, h, w, corners)(rows(theta)).to_doubles();
    for (int64_t i = 0; i < h; ++i)
      for (int64_t j = 0; j < w; ++j) {
        const double x = corners ? -1 + 2 * double(j) / 3 : (2 * double(j) + 1) / 4 - 1, y = corners ? -1 + double(i) : (2 * double(i) + 1) / 3 - 1;
        const auto [xs, ys] = map(x, y);
        EXPECT_NEAR(grid[size_t(i * w + j) * 2], xs, 1e-9) << int(t);
        EXPECT_NEAR(grid[size_t(i * w + j) * 2 + 1], ys, 1e-9) << int(t);
      }
  };
  for (const bool corners : {true, false}) {
    each_place(Transform::affine, {0.9, -0.3, 0.1, 0.2, 1.1, -0.2}, corners, [](double x, double y) { return std::pair{0.9 * x - 0.3 * y + 0.1, 0.2 * x + 1.1 * y - 0.2}; });
    each_place(Transform::attention, {0.7, 0.2, -0.1}, corners, [](double x, double y) { return std::pair{0.7 * x + 0.2, 0.7 * y - 0.1}; });
    each_place(Transform::similarity, {0.8, 0.5, 0.2, -0.1}, corners, [](double x, double y) {
      const double c = 0.8 * std::cos(0.5), s = 0.8 * std::sin(0.5);
      return std::pair{c * x - s * y + 0.2, s * x + c * y - 0.1};
    });
    each_place(Transform::projective, {0.9, -0.3, 0.1, 0.2, 1.1, -0.2, 0.3, -0.4}, corners, [](double x, double y) {
      const double z = 0.3 * x - 0.4 * y + 1;
      return std::pair{(0.9 * x - 0.3 * y + 0.1) / z, (0.2 * x + 1.1 * y - 0.2) / z};
    });
  }
}

// So no point but the affine part moves a place, however far away it is: all W are 0.
TEST_F(SpatialTransformers, ASplineThroughAnAffineMapsPointsIsThatMap) {
  const auto p = identity_of(Transform::tps);
  ASSERT_EQ(p.size(), 32u);
  const auto map = [](double x, double y) { return std::pair{0.8 * x - 0.4 * y + 0.2, 0.3 * x + 1.2 * y - 0.1}; };
  std::vector<double> q;
  for (size_t k = 0; k < p.size(); k += 2) {
    const auto [x, y] = map(p[k], p[k + 1]);
    q.insert(q.end(), {x, y});
  }
  const Tensor affine = rows({0.8, -0.4, 0.2, 0.3, 1.2, -0.1});
  for (const bool corners : {true, false}) EXPECT_LE(difference(TransformGrid(Transform::tps, 9, 7, corners)(rows(q)), TransformGrid(Transform::affine, 9, 7, corners)(affine)), 1e-12);
  const std::vector<double> far{5, -4, -30, 2, 0.3, 20};
  const auto b = thin_plate_matrix(far);
  for (size_t t = 0; t < far.size(); t += 2) {
    double x = 0, y = 0;
    for (size_t k = 0; k < 16; ++k) x += b[t / 2 * 16 + k] * q[2 * k], y += b[t / 2 * 16 + k] * q[2 * k + 1];
    EXPECT_NEAR(x, map(far[t], far[t + 1]).first, 1e-9);
    EXPECT_NEAR(y, map(far[t], far[t + 1]).second, 1e-9);
  }
}

// It goes through its points, which lie row by row, and bends no more than it must: halfway on an edge U(r) = r^2 log r^2 decides.
TEST_F(SpatialTransformers, ASplineGoesThroughItsPoints) {
  const auto p = identity_of(Transform::tps);
  EXPECT_EQ(std::vector<double>(p.begin(), p.begin() + 2), (std::vector<double>{-1, -1}));
  EXPECT_NEAR(p[2], -1.0 / 3, 1e-12);   // the second lies right of the first
  EXPECT_EQ(p[3], -1);
  const auto q = random_tensor({32}, 6).to_doubles(), b = thin_plate_matrix(p);
  for (size_t t = 0; t < 16; ++t) {
    double x = 0, y = 0;
    for (size_t k = 0; k < 16; ++k) x += b[t * 16 + k] * q[2 * k], y += b[t * 16 + k] * q[2 * k + 1];
    EXPECT_NEAR(x, q[2 * t], 1e-9);
    EXPECT_NEAR(y, q[2 * t + 1], 1e-9);
  }
  // As numpy solves the system.
  const auto edge = thin_plate_matrix({0, -1});
  const double known[] = {-0.05927817, 0.55658691, 0.55658691, -0.05927817, -0.01824476, 0.02386237};
  for (size_t k = 0; k < 6; ++k) EXPECT_NEAR(edge[k], known[k], 1e-8) << k;
}

// Wherever a transform looks, and however it clips places, weights add up to 1.
TEST_F(SpatialTransformers, AConstantPictureStaysConstantWithItsBorderRepeated) {
  const Tensor x = full({4, 5, 6, 2}, 0.7);
  for (const Transform t : kAll)
    for (const bool corners : {true, false}) {
      const Tensor theta = rows(thetas(t, 4), 4) + random_tensor({4, parameters_of(t)}, 7);
      for (const SampleBorder border : {SampleBorder::clamp, SampleBorder::reflect}) EXPECT_LE(difference(seen(x, TransformGrid(t, 7, 4, corners)(theta), corners, border), full({4, 7, 4, 2}, 0.7)), 1e-12) << int(t);
    }
}

// Once and twice, of pictures and parameters, at places away from whole pixels.
TEST_F(SpatialTransformers, DifferencesAgreeInPicturesAndParameters) {
  for (const Transform t : kAll)
    for (const bool corners : {true, false})
      for (const SampleBorder border : {SampleBorder::zeros, SampleBorder::clamp, SampleBorder::reflect}) {
        const TransformGrid grid(t, 3, 4, corners);
        const Tensor theta = rows(thetas(t, 2), 2) + 0.3 * random_tensor({2, parameters_of(t)}, 8);
        const auto f = [&](const Tensors& in) { return Tensors{seen(in[0], grid(in[1]), corners, border)}; };
        const Tensors in{random_tensor({2, 5, 4, 2}, 9), theta};
        EXPECT_EQ(test::gradcheck(f, in), "") << int(t) << " " << corners << " " << int(border);
        EXPECT_EQ(test::gradgradcheck(f, in), "") << int(t) << " " << corners << " " << int(border);
      }
}

TEST_F(SpatialTransformers, ProjectionsThroughTheHorizonStayFinite) {
  // Z = x: 0 exactly in the middle column, negative left of it. Places there are far away.
  const Tensor theta = watch(rows({1, 0, 0, 0, 1, 0, 1, 0}));
  const Tensor h = concat({slice(theta, 1, 0, 6), slice(theta, 1, 6, 8)}, 1) + rows({0, 0, 0, 0, 0, 0, 1e9, 0});   // h31 so large that the 1 is nothing beside it
  const Tensor grid = TransformGrid(Transform::projective, 3, 3, true)(h);
  for (const double v : grid.to_doubles()) EXPECT_TRUE(std::isfinite(v));
  for (const double v : grad(sum(seen(random_tensor({1, 4, 4, 1}, 2), grid, true)), theta).to_doubles()) EXPECT_TRUE(std::isfinite(v));
  // Z = x + 1 is 0 in the left column, where it is taken for 1e-6.
  const auto edge = TransformGrid(Transform::projective, 3, 3, true)(rows({1, 0, 0, 0, 1, 0, 1, 0})).to_doubles();
  EXPECT_NEAR(edge[0], -1e6, 1);
  EXPECT_NEAR(edge[1], -1e6, 1);
  // And -1e-7 for -1e-6.
  const auto behind = TransformGrid(Transform::projective, 1, 3, true)(rows({1, 0, 0, 0, 1, 0.5, 1 + 1e-7, 0})).to_doubles();
  EXPECT_NEAR(behind[0], 1e6, 1);
  EXPECT_NEAR(behind[1], -0.5e6, 1);
}

// Why the transformer is to move slowly: what it has lost from view teaches it nothing.
TEST_F(SpatialTransformers, BeyondThePictureThereIsNoGradient) {
  const Tensor x = random_tensor({1, 5, 5, 1}, 3);
  const auto slope = [&](double tx) {
    const Tensor theta = watch(rows({1, 0, tx, 0, 1, 0.13}));
    return norm(grad(sum(seen(x, TransformGrid(Transform::affine, 5, 5, true)(theta), true)), theta)).item();
  };
  EXPECT_GT(slope(0.13), 0.1);
  EXPECT_EQ(slope(3.1), 0);
}

TEST_F(SpatialTransformers, TheLayerBeginsAsTheIdentityAndLearnsFromThere) {
  const Tensor x = random_tensor({3, 6, 5, 2}, 10);
  for (const Transform t : kAll) {
    const Net net("T", layer(t, 6, 5));
    EXPECT_LE(difference(net(x), x), 1e-9) << int(t);
    ASSERT_EQ(net.parameters().size(), 4u);
    EXPECT_EQ(net.parameters()[0].name, "localise.linear1.weight");
    EXPECT_EQ(net.parameters()[2].name, "theta.weight");
    EXPECT_EQ(net.parameters()[3].name, "theta.bias");
    const Tensors all = net(Tensors{x});
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[1].shape(), Shape({3, 6, 5, 2}));
    EXPECT_EQ(all[2].to_doubles(), thetas(t, 3));
    // Its last layer has a slope from the start; what lies before it has one once that has moved.
    const Moving moving({net});
    const Tensors g = grad(Tensors{sum(square(net(x) * random_tensor({3, 6, 5, 2}, 11)))}, net.leaves(), {}, Record::off);
    EXPECT_GT(norm(g[2]).item(), 0);
    EXPECT_GT(norm(g[3]).item(), 0);
    EXPECT_EQ(g[0] ? norm(g[0]).item() : 0, 0);
  }
}

TEST_F(SpatialTransformers, ResultsHaveAnySizeAndLayersStandInSeries) {
  const Net net("T", sequential({layer(Transform::similarity, 6, 5), conv(2, 2, {.kernel = 1}), layer(Transform::tps, 3, 8, false)}));
  EXPECT_EQ(net(random_tensor({2, 6, 5, 2}, 1)).shape(), Shape({2, 3, 8, 2}));
  EXPECT_EQ(net.parameters().front().name, "transformer1.localise.linear1.weight");
  EXPECT_TRUE(net.module().batches_pass_together());
  EXPECT_FALSE(spatial_transformer(sequential({reshape_to({60}), dropout(0.5)}), 60, {Transform::affine, 6, 5})->batches_pass_together());
  EXPECT_NE(layer(Transform::tps, 3, 8)->describe().find("thin plate spline, to 8x3"), std::string::npos);
}

TEST_F(SpatialTransformers, WhatDoesNotFitIsRefused) {
  EXPECT_THROW(TransformGrid(Transform::affine, 0, 4, true), Error);
  EXPECT_THROW(TransformGrid(Transform::affine, 4, 4, true)(rows({1, 0, 0})), Error);
  EXPECT_THROW(layer(Transform::affine, 6, 5)->forward(Tensors{random_tensor({1, 6, 5, 2}, 1), random_tensor({1, 6, 5, 2}, 1)}), Error);
}

}  // namespace
}  // namespace ganymede::nn
