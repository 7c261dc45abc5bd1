// Resampling and max pooling in the simulator against the cpu kernels in f64.
#include "kernels/api/axis_map.h"
#include "kernels/cpu/families.h"
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

// An axis map in memory, its weights as f32 or f64; null tables for the identity, no weights when they are
// all 1.
class DeviceAxis {
 public:
  DeviceAxis(const AxisMap& map, DType wide, bool identity = false,
             const DeviceKernels& device = kernels().device)
      : map_(map), identity_(identity) {
    if (identity) return;
    start_ = std::make_unique<Buffer>(DType::i32, Values(map.start.begin(), map.start.end()), 0, 0, device);
    index_ = std::make_unique<Buffer>(DType::i32, Values(map.index.begin(), map.index.end()), 0, 0, device);
    bool ones = true;
    for (const double w : map.weight) ones = ones && w == 1;
    if (!ones) weight_ = std::make_unique<Buffer>(wide, map.weight, 0, 0, device);
  }
  Axis axis() const {
    if (identity_) return {map_.in, map_.out, nullptr, nullptr, nullptr};
    return {map_.in, map_.out, start_->as<int32_t>(), index_->as<int32_t>(),
            weight_ ? weight_->data() : nullptr};
  }

 private:
  AxisMap map_;
  bool identity_;
  std::unique_ptr<Buffer> start_, index_, weight_;
};

struct ResampleCase {
  const char* name;
  int64_t n, c;
  AxisMap rows, columns;
};

std::vector<ResampleCase> resample_cases() {
  using enum Interpolation;
  return {
      {"one pixel to 3 x 2", 1, 1, resize_axis(1, 3, nearest, false, false),
       resize_axis(1, 2, linear, false, false)},
      {"nearest 2x", 2, 8, resize_axis(3, 6, nearest, false, false),
       resize_axis(5, 10, nearest, false, false)},
      {"bilinear", 2, 3, resize_axis(5, 11, linear, false, false), resize_axis(7, 4, linear, true, false)},
      {"bicubic", 1, 4, resize_axis(6, 13, cubic, false, false), resize_axis(5, 9, cubic, true, false)},
      {"bilinear antialiased", 1, 16, resize_axis(13, 5, linear, false, true),
       resize_axis(11, 3, linear, false, true)},
      {"MATLAB", 1, 3, matlab_axis(12, 0.25), matlab_axis(8, 0.25)},
      {"reflect and replicate", 2, 5, pad_axis(4, 3, 2, Padding::reflect),
       pad_axis(3, 2, 4, Padding::replicate)},
      {"zeros and crop", 1, 7, pad_axis(4, 1, 2, Padding::zero), pad_axis(6, -2, -1, Padding::zero)},
      {"average pool", 1, 8, pool_axis(9, 3, 2, 1, false, false), pool_axis(8, 2, 2, 0, false, true)},
      {"adaptive", 1, 2, adaptive_axis(7, 3), adaptive_axis(4, 4)}};
}

void check_apply(const ResampleCase& c, bool transposed) {
  const AxisMap rows = transposed ? transpose(c.rows) : c.rows,
                columns = transposed ? transpose(c.columns) : c.columns;
  const Values x = random_values(c.n * rows.in * columns.in * c.c, 61);
  const int64_t count = c.n * rows.out * columns.out * c.c;
  const DeviceAxis exact_rows(rows, DType::f64, false, host()),
      exact_columns(columns, DType::f64, false, host());
  Buffer exact_x(DType::f64, x, 0, 0, host()), wanted(DType::f64, count, 0, 0, host());
  cpu::resample_kernels.apply(nullptr, {c.n, c.c, exact_rows.axis(), exact_columns.axis(), DType::f64},
                              exact_x.data(), wanted.data());
  for (const DType dtype : kFloats) {
    for (const int shift : {0, 1}) {
      const DeviceAxis r(rows, wide_type(dtype)), q(columns, wide_type(dtype));
      Buffer in(dtype, x, shift);
      const auto found = run_in_orders({{dtype, count, {}, shift}}, [&](const auto& out) {
        kernels().resample.apply(nullptr, {c.n, c.c, r.axis(), q.axis(), dtype}, in.data(), out[0]);
      });
      EXPECT_LT(relative_error(found[0], wanted.values()), tolerance(dtype, 1e-6))
          << c.name << " " << text(dtype) << (transposed ? " transposed" : "");
    }
  }
}

TEST(ResampleSim, MatchesReference) {
  for (const ResampleCase& c : resample_cases()) {
    check_apply(c, false);
    check_apply(c, true);
  }
}

TEST(ResampleSim, AnAxisWithoutTablesIsTheIdentity) {
  const AxisMap rows = resize_axis(4, 7, Interpolation::linear, false, false), columns = identity_axis(5);
  const Values x = random_values(4 * 5 * 3, 62);
  Buffer in(DType::f32, x);
  const DeviceAxis r(rows, DType::f32), with(columns, DType::f32), without(columns, DType::f32, true);
  const auto found = run_in_orders({{DType::f32, 105}, {DType::f32, 105}}, [&](const auto& out) {
    kernels().resample.apply(nullptr, {1, 3, r.axis(), with.axis(), DType::f32}, in.data(), out[0]);
    kernels().resample.apply(nullptr, {1, 3, r.axis(), without.axis(), DType::f32}, in.data(), out[1]);
  });
  EXPECT_EQ(found[0], found[1]);
}

TEST(MaxPoolSim, MatchesReference) {
  struct Window {
    int h, w, size, stride, pad;
    int64_t n, c;
  };
  for (const Window& p :
       {Window{1, 1, 1, 1, 0, 1, 1}, {7, 5, 3, 2, 1, 2, 3}, {8, 8, 2, 2, 0, 1, 8}, {9, 6, 3, 1, 1, 1, 5}}) {
    const AxisMap rows = pool_axis(p.h, p.size, p.stride, p.pad, false, true);
    const AxisMap columns = pool_axis(p.w, p.size, p.stride, p.pad, true, true);
    const AxisMap back_rows = transpose(rows), back_columns = transpose(columns);
    const int64_t inputs = p.n * p.h * p.w * p.c, outputs = p.n * rows.out * columns.out * p.c;
    const DeviceKernels& near = host();
    const DeviceAxis r(rows, DType::f64, false, near), q(columns, DType::f64, false, near);
    const DeviceAxis br(back_rows, DType::f64, false, near), bq(back_columns, DType::f64, false, near);
    Values x = random_values(inputs, 63);
    x[x.size() / 2] = std::numeric_limits<double>::quiet_NaN();
    if (x.size() > 20) x[3] = x[4] = x[3 + p.c] = 2.5;  // equals: the first counts
    const Values g = random_values(outputs, 64), u = random_values(inputs, 65);
    Buffer ex(DType::f64, x, 0, 0, near), eg(DType::f64, g, 0, 0, near), eu(DType::f64, u, 0, 0, near);
    Buffer y(DType::f64, outputs, 0, 0, near), position(DType::i32, outputs, 0, 0, near);
    Buffer dx(DType::f64, inputs, 0, 0, near), picked(DType::f64, outputs, 0, 0, near);
    cpu::max_pool_kernels.forward(nullptr, {p.n, p.c, r.axis(), q.axis(), DType::f64}, ex.data(), y.data(),
                                  position.as<int32_t>());
    cpu::max_pool_kernels.gradient(nullptr, {p.n, p.c, br.axis(), bq.axis(), DType::f64}, eg.data(),
                                   position.as<int32_t>(), dx.data());
    cpu::max_pool_kernels.pick(nullptr, {p.n, p.c, r.axis(), q.axis(), DType::f64}, eu.data(),
                               position.as<int32_t>(), picked.data());
    for (const DType dtype : kFloats) {
      const DType wide = wide_type(dtype);
      const DeviceAxis dr(rows, wide), dq(columns, wide), dbr(back_rows, wide), dbq(back_columns, wide);
      Buffer in(dtype, x), gradient(dtype, g), tangent(dtype, u);
      const auto found = run_in_orders(
          {{dtype, outputs}, {DType::i32, outputs}, {dtype, inputs}, {dtype, outputs}}, [&](const auto& out) {
            auto* at = static_cast<int32_t*>(out[1]);
            kernels().max_pool.forward(nullptr, {p.n, p.c, dr.axis(), dq.axis(), dtype}, in.data(), out[0],
                                       at);
            kernels().max_pool.gradient(nullptr, {p.n, p.c, dbr.axis(), dbq.axis(), dtype}, gradient.data(),
                                        at, out[2]);
            kernels().max_pool.pick(nullptr, {p.n, p.c, dr.axis(), dq.axis(), dtype}, tangent.data(), at,
                                    out[3]);
          });
      EXPECT_EQ(found[1], position.values()) << p.h << " " << text(dtype);
      EXPECT_EQ(relative_error(found[0], y.values()), 0) << p.h << " " << text(dtype);
      EXPECT_LT(relative_error(found[2], dx.values()), tolerance(dtype, 1e-6)) << p.h << " " << text(dtype);
      EXPECT_EQ(found[3], picked.values()) << p.h << " " << text(dtype);
    }
  }
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
