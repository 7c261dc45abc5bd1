// Grid sampling in the simulator against the cpu kernels in f64.
#include "kernels/cpu/families.h"
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

struct Result {
  Values y, dx, dgrid;
};

Result run(const GridSampleKernels& family, const DeviceKernels& device, const GridSample& s, const Buffer& x,
           const Buffer& dy, const Buffer& grid, const void* direction) {
  const int64_t places = s.n * s.p * s.q;
  Buffer workspace(DType::u8, static_cast<int64_t>(family.workspace_bytes(s)), 0, 64, device);
  const auto found = run_in_orders(
      {{s.dtype, places * s.c}, {s.dtype, s.n * s.h * s.w * s.c}, {wide_type(s.dtype), places * 2}},
      [&](const auto& out) {
        family.sample(nullptr, s, x.data(), grid.data(), direction, out[0]);
        family.data_gradient(nullptr, s, dy.data(), grid.data(), direction, out[1], workspace.data());
        family.grid_gradient(nullptr, s, x.data(), dy.data(), grid.data(), direction, out[2]);
      },
      device);
  EXPECT_TRUE(workspace.guarded());
  return {found[0], found[1], found[2]};
}

TEST(GridSampleSim, MatchesReference) {
  for (const SampleMode mode : {SampleMode::bilinear, SampleMode::nearest}) {
    for (const SampleBorder border : {SampleBorder::zeros, SampleBorder::clamp, SampleBorder::reflect}) {
      for (const bool align_corners : {false, true}) {
        for (const auto& [h, w, c] :
             {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1}, {5, 7, 3}, {4, 3, 16}}) {
          GridSample s{2, h, w, c, 6, 5, mode, border, align_corners, DType::f64};
          const int64_t places = s.n * s.p * s.q;
          const Values x = random_values(s.n * h * w * c, 81), dy = random_values(places * c, 82);
          const Values direction = random_values(places * 2, 83);
          Values grid = random_values(places * 2, 84, 0, 1.2);
          grid[0] = grid[1] = -1;  // on the corner
          grid[2] = 7.3;           // far outside
          Buffer ex(DType::f64, x, 0, 0, host()), ey(DType::f64, dy, 0, 0, host()),
              eg(DType::f64, grid, 0, 0, host());
          Buffer ed(DType::f64, direction, 0, 0, host());
          for (const bool tangent : {false, true}) {
            const Result wanted =
                run(cpu::grid_sample_kernels, host(), s, ex, ey, eg, tangent ? ed.data() : nullptr);
            for (const DType dtype : kFloats) {
              SCOPED_TRACE(std::string(text(dtype)) + " mode " + std::to_string(static_cast<int>(mode)) +
                           " border " + std::to_string(static_cast<int>(border)) + " corners " +
                           std::to_string(align_corners) + " " + std::to_string(h) + " x " +
                           std::to_string(w) + (tangent ? " tangent" : ""));
              GridSample now = s;
              now.dtype = dtype;
              const DType wide = wide_type(dtype);
              Buffer in(dtype, x), gradient(dtype, dy), at(wide, grid), along(wide, direction);
              const Result found = run(kernels().grid_sample, kernels().device, now, in, gradient, at,
                                       tangent ? along.data() : nullptr);
              EXPECT_LT(relative_error(found.y, wanted.y), tolerance(dtype, 1e-5)) << "y";
              EXPECT_LT(relative_error(found.dx, wanted.dx), tolerance(dtype, 1e-5)) << "dx";
              EXPECT_LT(relative_error(found.dgrid, wanted.dgrid), dtype == DType::f64 ? 1e-12 : 1e-5)
                  << "dgrid";
            }
          }
        }
      }
    }
  }
}

TEST(GridSampleSim, DataGradientKeepsSmallNumbersAndNotANumber) {
  GridSample s{1, 2, 2, 1, 2, 2, SampleMode::bilinear, SampleBorder::zeros, true, DType::f32};
  Buffer grid(DType::f32, Values{-1, -1, 1, -1, -1, 1, 1, 1}),
      workspace(DType::u8, static_cast<int64_t>(kernels().grid_sample.workspace_bytes(s)));
  const Values tiny = {1e-30, -3e-33, 1e-20, 0};
  for (const Values& dy :
       {tiny, Values{1, std::numeric_limits<double>::quiet_NaN(), 0, 0}, Values{0, 0, 0, 0}}) {
    Buffer gradient(DType::f32, dy);
    const auto found = run_in_orders({{DType::f32, 4}}, [&](const auto& out) {
      kernels().grid_sample.data_gradient(nullptr, s, gradient.data(), grid.data(), nullptr, out[0],
                                          workspace.data());
    });
    if (std::isnan(dy[1])) {
      EXPECT_TRUE(std::isnan(found[0][1]));
    } else {
      for (int i = 0; i < 4; ++i) EXPECT_NEAR(found[0][i], dy[i], 1e-6 * std::fabs(dy[i])) << i;
    }
  }
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
