// Grid sampling of the cpu device: PyTorch's rule written out, and every derivative against differences of
// the function below it.
#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {


// One coordinate as PyTorch's grid_sampler_compute_source_index.
double source(double g, int64_t size, SampleBorder border, bool align) {
  double at =
      align ? (g + 1) / 2 * static_cast<double>(size - 1) : ((g + 1) * static_cast<double>(size) - 1) / 2;
  if (border == SampleBorder::reflect) {
    const double low = align ? 0 : -0.5,
                 high = align ? static_cast<double>(size - 1) : static_cast<double>(size) - 0.5;
    if (low == high) return 0;
    while (at < low || at > high) at = at < low ? 2 * low - at : 2 * high - at;
  }
  if (border != SampleBorder::zeros) at = std::min(std::max(at, 0.0), static_cast<double>(size - 1));
  return at;
}

std::vector<double> sampled(const GridSample& p, const std::vector<double>& x,
                            const std::vector<double>& grid) {
  std::vector<double> y(p.n * p.p * p.q * p.c, 0.0);
  for (int64_t i = 0; i < p.n * p.p * p.q; ++i) {
    const double gx = source(grid[2 * i], p.w, p.border, p.align_corners),
                 gy = source(grid[2 * i + 1], p.h, p.border, p.align_corners);
    for (int64_t h = 0; h < p.h; ++h) {
      for (int64_t w = 0; w < p.w; ++w) {
        double weight = std::max(0.0, 1 - std::abs(gx - w)) * std::max(0.0, 1 - std::abs(gy - h));
        if (p.mode == SampleMode::nearest) weight = std::nearbyint(gx) == w && std::nearbyint(gy) == h;
        for (int64_t c = 0; c < p.c; ++c)
          y[i * p.c + c] += weight * x[((i / (p.p * p.q) * p.h + h) * p.w + w) * p.c + c];
      }
    }
  }
  return y;
}

// Places all over the picture and outside it, none within 0.02 pixels of a kink.
std::vector<double> places(const GridSample& p, int seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-1.6, 1.6);
  std::vector<double> grid(2 * p.n * p.p * p.q);
  for (size_t i = 0; i < grid.size(); ++i) {
    const int64_t size = i % 2 == 0 ? p.w : p.h;
    for (;;) {
      grid[i] = static_cast<float>(uniform(generator));
      const double at = source(grid[i], size, SampleBorder::zeros, p.align_corners);
      if ((size == 1 && p.align_corners) || std::abs(at * 2 - std::nearbyint(at * 2)) > 0.04)
        break;  // pixels, halves (nearest) and mirrors
    }
  }
  return grid;
}

std::vector<GridSample> problems() {
  std::vector<GridSample> all;
  for (const SampleMode mode : {SampleMode::bilinear, SampleMode::nearest}) {
    for (const SampleBorder border : {SampleBorder::zeros, SampleBorder::clamp, SampleBorder::reflect}) {
      for (const bool align : {false, true}) {
        all.push_back({2, 5, 7, 3, 6, 4, mode, border, align, DType::f64});
        all.push_back({1, 1, 3, 1, 5, 3, mode, border, align, DType::f64});
        all.push_back({2, 8, 6, 70, 9, 11, mode, border, align, DType::f64});
      }
    }
  }
  return all;
}

std::string name(const GridSample& p) {
  return "mode " + std::to_string(static_cast<int>(p.mode)) + " border " +
         std::to_string(static_cast<int>(p.border)) + " align " + std::to_string(p.align_corners) + " c " +
         std::to_string(p.c);
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

std::vector<double> stepped(std::vector<double> x, const std::vector<double>& direction, double step) {
  for (size_t i = 0; i < x.size(); ++i) x[i] += step * direction[i];
  return x;
}

// The kernels in double, on vectors.
std::vector<double> sample(const GridSample& p, const std::vector<double>& x, const std::vector<double>& grid,
                           const double* v) {
  Output<double> y(p.n * p.p * p.q * p.c);
  grid_sample_kernels.sample(nullptr, p, x.data(), grid.data(), v, y.data());
  return y.values();
}
std::vector<double> data_gradient(const GridSample& p, const std::vector<double>& dy,
                                  const std::vector<double>& grid, const double* v) {
  Output<double> dx(p.n * p.h * p.w * p.c);
  std::vector<uint64_t> workspace(grid_sample_kernels.workspace_bytes(p) / 8 + 1);
  grid_sample_kernels.data_gradient(nullptr, p, dy.data(), grid.data(), v, dx.data(), workspace.data());
  return dx.values();
}
std::vector<double> grid_gradient(const GridSample& p, const std::vector<double>& x,
                                  const std::vector<double>& dy, const std::vector<double>& grid,
                                  const double* v) {
  Output<double> dgrid(2 * p.n * p.p * p.q);
  grid_sample_kernels.grid_gradient(nullptr, p, x.data(), dy.data(), grid.data(), v, dgrid.data());
  return dgrid.values();
}

TEST(GridSample, MatchesPyTorchsRule) {
  for (GridSample p : problems()) {
    SCOPED_TRACE(name(p));
    const auto x = random_values(p.n * p.h * p.w * p.c, 1), grid = places(p, 2);
    const auto want = sampled(p, x, grid);
    for_each_float_type([&](auto type) {
      using T = decltype(type);
      p.dtype = dtype_of<T>();
      const auto tx = as<T>(x);
      const auto tgrid = as<Compute<T>>(grid);
      Output<T> y(want.size());
      grid_sample_kernels.sample(nullptr, p, tx.data(), tgrid.data(), nullptr, y.data());
      EXPECT_LT(relative_error(y.values(), want), tolerance<T>(5e-6));
    });
  }
}

TEST(GridSample, GradientsMatchDifferences) {
  constexpr double kStep = 1e-5;
  for (const GridSample& p : problems()) {
    SCOPED_TRACE(name(p));
    const int64_t pictures = p.n * p.h * p.w * p.c, outputs = p.n * p.p * p.q * p.c,
                  coordinates = 2 * p.n * p.p * p.q;
    const auto x = random_values(pictures, 1), grid = places(p, 2), dy = random_values(outputs, 3),
               v = random_values(coordinates, 4);
    const auto other_x = random_values(pictures, 5), other_v = random_values(coordinates, 6);
    const auto near = [](double a, double b) { EXPECT_NEAR(a, b, 1e-7 * (1 + std::abs(a) + std::abs(b))); };
    const auto along_grid = [&](auto function) {
      return (function(stepped(grid, other_v, kStep)) - function(stepped(grid, other_v, -kStep))) /
             (2 * kStep);
    };
    // J is the derivative of S along v.
    auto forward = sample(p, x, stepped(grid, v, kStep), nullptr),
         backward = sample(p, x, stepped(grid, v, -kStep), nullptr);
    near(dot(dy, sample(p, x, grid, v.data())), (dot(dy, forward) - dot(dy, backward)) / (2 * kStep));
    // data_gradient is the adjoint of S and of J.
    near(dot(data_gradient(p, dy, grid, nullptr), other_x), dot(dy, sample(p, other_x, grid, nullptr)));
    near(dot(data_gradient(p, dy, grid, v.data()), other_x), dot(dy, sample(p, other_x, grid, v.data())));
    // grid_gradient is the gradient of <dy, S> and of <dy, J>.
    near(dot(grid_gradient(p, x, dy, grid, nullptr), other_v),
         along_grid([&](const auto& g) { return dot(dy, sample(p, x, g, nullptr)); }));
    near(dot(grid_gradient(p, x, dy, grid, v.data()), other_v),
         along_grid([&](const auto& g) { return dot(dy, sample(p, x, g, v.data())); }));
  }
}

TEST(GridSample, LowPrecisionGradientsFollowDouble) {
  for (GridSample p : problems()) {
    SCOPED_TRACE(name(p));
    const int64_t outputs = p.n * p.p * p.q * p.c, coordinates = 2 * p.n * p.p * p.q;
    const auto x = random_values(p.n * p.h * p.w * p.c, 1), grid = places(p, 2),
               dy = random_values(outputs, 3), v = random_values(coordinates, 4);
    for (const bool along : {false, true}) {
      const double* direction = along ? v.data() : nullptr;
      p.dtype = DType::f64;
      const auto want_dx = data_gradient(p, dy, grid, direction);
      const auto want_dgrid = grid_gradient(p, x, dy, grid, direction);
      const auto check = [&](auto type) {
        using T = decltype(type);
        p.dtype = dtype_of<T>();
        const auto tx = as<T>(x), tdy = as<T>(dy);
        const auto tgrid = as<float>(grid), tv = as<float>(v);
        std::vector<uint64_t> workspace(grid_sample_kernels.workspace_bytes(p) / 8 + 1, ~uint64_t{0});
        Output<T> dx(want_dx.size());
        Output<float> dgrid(want_dgrid.size());
        grid_sample_kernels.data_gradient(nullptr, p, tdy.data(), tgrid.data(), along ? tv.data() : nullptr, dx.data(),
                              workspace.data());
        grid_sample_kernels.grid_gradient(nullptr, p, tx.data(), tdy.data(), tgrid.data(), along ? tv.data() : nullptr,
                              dgrid.data());
        EXPECT_LT(relative_error(dx.values(), want_dx), tolerance<T>(5e-6));
        EXPECT_LT(relative_error(dgrid.values(), want_dgrid), 5e-6);
      };
      check(float{});
      check(Bf16{});
    }
  }
}

TEST(GridSample, PlacesFarAwayAreHarmless) {
  const float x[] = {1, 2, 3, 4}, grid[] = {1e30f, 0, NAN, 0, -INFINITY, INFINITY};
  for (const SampleBorder border : {SampleBorder::zeros, SampleBorder::clamp, SampleBorder::reflect}) {
    float y[3] = {9, 9, 9};
    grid_sample_kernels.sample(nullptr, {1, 2, 2, 1, 1, 3, SampleMode::bilinear, border, false, DType::f32}, x, grid,
                   nullptr, y);
    if (border == SampleBorder::zeros) {
      EXPECT_EQ(y[0], 0);
      EXPECT_EQ(y[1], 0);
      EXPECT_EQ(y[2], 0);
    }
  }
}

}  // namespace
}  // namespace ganymede::kernels::cpu
