#include "nn/spatial_transformer.h"

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "nn/layers.h"

namespace ganymede::nn {
namespace {

constexpr int64_t kSide = 4, kPoints = kSide * kSide;   // of the spline's grid
constexpr double kLeastZ = 1e-6;

// The spline's regular grid over the picture: x, y, x, y, ..., row by row.
std::vector<double> regular_points() {
  std::vector<double> p;
  for (int64_t i = 0; i < kPoints; ++i)
    for (const int64_t at : {i % kSide, i / kSide}) p.push_back(-1 + 2 * double(at) / double(kSide - 1));
  return p;
}

// r^2 log r^2, by the difference of two places.
double radial(double x, double y) {
  const double square = x * x + y * y;
  return square > 0 ? square * std::log(square) : 0;
}

// Of an n x n matrix, by elimination with row pivots.
std::vector<double> inverse(std::vector<double> a, size_t n) {
  std::vector<double> b(n * n);
  for (size_t i = 0; i < n; ++i) b[i * n + i] = 1;
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t i = k + 1; i < n; ++i)
      if (std::abs(a[i * n + k]) > std::abs(a[pivot * n + k])) pivot = i;
    for (size_t j = 0; j < n; ++j) std::swap(a[k * n + j], a[pivot * n + j]), std::swap(b[k * n + j], b[pivot * n + j]);
    const double scale = 1 / a[k * n + k];
    for (size_t j = 0; j < n; ++j) a[k * n + j] *= scale, b[k * n + j] *= scale;
    for (size_t i = 0; i < n; ++i) {
      const double factor = a[i * n + k];
      if (i != k && factor != 0)
        for (size_t j = 0; j < n; ++j) a[i * n + j] -= factor * a[k * n + j], b[i * n + j] -= factor * b[k * n + j];
    }
  }
  return b;
}

Tensor column(const Tensor& x, int64_t i) { return slice(x, 1, i, i + 1); }

// [N, 6] of what an affine map is made of.
Tensor affine_theta(Transform t, const Tensor& theta) {
  if (t == Transform::affine) return theta;
  const Tensor s = column(theta, 0), zero = zeros_like(s);
  if (t == Transform::attention) return concat({s, zero, column(theta, 1), zero, s, column(theta, 2)}, 1);
  const Tensor c = s * cos(column(theta, 1)), d = s * sin(column(theta, 1));
  return concat({c, -d, column(theta, 2), d, c, column(theta, 3)}, 1);
}

// Z, no nearer to 0 than is safe to divide by.
Tensor guarded(const Tensor& z) {
  const Tensor sign = 2 * greater_equal(z, zeros_like(z)) - 1.0;
  return sign * clamp(abs(z), kLeastZ, 1e30);
}

}  // namespace

int64_t parameters_of(Transform t) { return int64_t(identity_of(t).size()); }

std::vector<double> identity_of(Transform t) {
  switch (t) {
    case Transform::affine: return {1, 0, 0, 0, 1, 0};
    case Transform::attention: return {1, 0, 0};
    case Transform::similarity: return {1, 0, 0, 0};
    case Transform::projective: return {1, 0, 0, 0, 1, 0, 0, 0};
    case Transform::tps: return regular_points();
  }
  fail("transform: unknown kind");
}

// L [W; A] = [Q; 0] with L = [[K, P], [P^T, 0]], K_ij = U(|p_i - p_j|), P = (1, x, y): W and A are linear in the points Q, and so are the places,
// s(t) = sum_k W_k U(|t - p_k|) + A (1, x, y).
std::vector<double> thin_plate_matrix(const std::vector<double>& places) {
  constexpr size_t k = kPoints, n = k + 3;
  const auto p = regular_points();
  std::vector<double> system(n * n);
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j < k; ++j) system[i * n + j] = radial(p[2 * i] - p[2 * j], p[2 * i + 1] - p[2 * j + 1]);
    const double row[] = {1, p[2 * i], p[2 * i + 1]};
    for (size_t j = 0; j < 3; ++j) system[i * n + k + j] = system[(k + j) * n + i] = row[j];
  }
  const auto solved = inverse(std::move(system), n);
  std::vector<double> all;
  for (size_t t = 0; t < places.size(); t += 2) {
    std::vector<double> basis;
    for (size_t i = 0; i < k; ++i) basis.push_back(radial(places[t] - p[2 * i], places[t + 1] - p[2 * i + 1]));
    basis.insert(basis.end(), {1, places[t], places[t + 1]});
    for (size_t j = 0; j < k; ++j) {
      double sum = 0;
      for (size_t i = 0; i < n; ++i) sum += basis[i] * solved[i * n + j];
      all.push_back(sum);
    }
  }
  return all;
}

// The spline's matrix is made here: what comes from the host inside an update could not be captured.
TransformGrid::TransformGrid(Transform transform, int64_t height, int64_t width, bool align_corners) : transform_(transform), height_(height), width_(width), align_corners_(align_corners) {
  require(height > 0 && width > 0, "a transform's result of ", width, "x", height, " pixels");
  if (transform != Transform::tps) return;
  std::vector<double> places;
  const auto place = [&](int64_t i, int64_t n) { return align_corners ? (n > 1 ? -1 + 2 * double(i) / double(n - 1) : 0.0) : (2 * double(i) + 1) / double(n) - 1; };
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) places.push_back(place(x, width)), places.push_back(place(y, height));
  spline_ = tensor(thin_plate_matrix(places), Shape{1, height * width, kPoints}, context().dtype, context().device);
}

Tensor TransformGrid::operator()(const Tensor& parameters) const {
  const int64_t n = parameters.dim(0), count = parameters_of(transform_);
  require(parameters.shape() == Shape({n, count}), "transform: theta ", parameters.shape(), " must be [N, ", count, "]");
  // Places are wanted to a small part of a pixel, whatever networks multiply in.
  ContextScope scope;
  context().precision = Precision::f32;
  const Tensor theta = parameters.dtype() == DType::bf16 ? cast(parameters, DType::f32) : parameters;
  if (transform_ == Transform::tps) return reshape(matmul(spline_, reshape(theta, Shape{n, kPoints, 2})), Shape{n, height_, width_, 2});
  if (transform_ != Transform::projective) return affine_grid(reshape(affine_theta(transform_, theta), Shape{n, 2, 3}), height_, width_, align_corners_);
  const Tensor h = reshape(concat({theta, ones_like(column(theta, 0))}, 1), Shape{n, 3, 3});
  const Tensor above = affine_grid(slice(h, 1, 0, 2), height_, width_, align_corners_), below = affine_grid(slice(h, 1, 1, 3), height_, width_, align_corners_);
  return above / guarded(slice(below, 3, 1, 2));
}

SpatialTransformer::SpatialTransformer(Layer localise, int64_t features, const SpatialTransformerSpec& spec)
    : spec_(spec), grid_(spec.transform, spec.height, spec.width, spec.align_corners), localise_(std::move(localise)) {
  theta_ = linear(int(features), int(parameters_of(spec.transform)), true, init::zero(), {.kind = Init::Kind::values, .values = identity_of(spec.transform)});
}

Tensors SpatialTransformer::forward(const Tensors& xs) {
  require(xs.size() == 1, "a spatial transformer takes one batch of pictures, not ", xs.size());
  const Tensor theta = theta_->forward(localise_->forward(xs[0])), places = grid_(theta);
  return {grid_sample(xs[0], places, {.border = spec_.border, .align_corners = spec_.align_corners}), places, theta};
}

void SpatialTransformer::visit(const Visit& v) { v("localise", *localise_), v("theta", *theta_); }

std::string SpatialTransformer::describe() const {
  static const char* const names[] = {"affine", "attention", "similarity", "projective", "thin plate spline"};
  return text("spatial transformer, ", names[size_t(spec_.transform)], ", to ", spec_.width, "x", spec_.height);
}

Layer spatial_transformer(Layer localise, int64_t features, const SpatialTransformerSpec& spec) { return std::make_shared<SpatialTransformer>(std::move(localise), features, spec); }

}  // namespace ganymede::nn
