// The optimiser kernels in the simulator against the formulas of kernels/api/optimizer.h in double.
#include "tests/kernels/optimizer_reference.h"
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

// A flat buffer in segments of awkward sizes; segment `absent` has no gradient.
struct Layout {
  std::vector<int64_t> sizes;
  int absent;
};

// Two steps from the same start by kernel and by formula.
void check_steps(const Optimizer& rule, const Layout& layout, bool has_m, bool has_v, float gate) {
  SCOPED_TRACE(std::string(text(rule.dtype)) + " rule " + std::to_string(static_cast<int>(rule.rule)) +
               ", segments " + std::to_string(layout.sizes.size()));
  Optimizer o = rule;
  o.count = 0;
  for (const int64_t size : layout.sizes) o.count += size;
  const size_t count = static_cast<size_t>(o.count);
  OptimizerReference state{random_values(o.count, 31), Values(count, 0.0), Values(count, 0.0), random_values(o.count, 32), 4};
  const OptimizerReference start = state;
  const StepScalars scalars{0.01, 0.5};
  const OnDevice<StepScalars> scalars_there(scalars);
  std::vector<Values> gradients;
  for (int n = 0; n < 2; ++n) {
    Values g = random_values(o.count, 33 + n);
    int64_t offset = 0;
    for (size_t s = 0; s < layout.sizes.size(); offset += layout.sizes[s++]) {
      for (int64_t i = 0; static_cast<int>(s) == layout.absent && i < layout.sizes[s]; ++i) g[offset + i] = 0;
    }
    gradients.push_back(g);
    if (gate != 0) state.take(o, scalars, has_m, g);
  }
  const Output buffer{o.dtype, o.count};
  auto with = [&](const Values& initial) {
    Output output = buffer;
    output.initial = initial;
    return output;
  };
  Buffer gate_buffer(DType::f32, Values{gate});
  std::vector<std::unique_ptr<Buffer>> norms;  // of the two gradients
  for (const Values& g : gradients) {
    double squares = 0;
    for (const double v : g) squares += v * v;
    norms.push_back(std::make_unique<Buffer>(o.dtype, Values{squares}));
  }
  Buffer workspace(DType::u8, static_cast<int64_t>(kernels().optimizer.norm_workspace(o.count, static_cast<int>(layout.sizes.size()))), 0, 64);
  const auto found = run_in_orders(
      {with(start.p), with(start.m), with(start.v), with(start.average), {DType::i64, 1, {4}}, {o.dtype, 1}, {DType::bf16, o.count}},
      [&](const auto& out) {
        OptimizerState device{out[0],
                              has_m ? out[1] : nullptr,
                              has_v ? out[2] : nullptr,
                              out[3],
                              static_cast<int64_t*>(out[4]),
                              scalars_there.get(),
                              gate_buffer.as<float>()};
        if (o.dtype == DType::f32) device.copy = static_cast<Bf16*>(out[6]);
        for (size_t n = 0; n < gradients.size(); ++n) {
          const Values& g = gradients[n];
          device.norm_squared = o.norm_clip > 0 ? norms[n]->data() : out[5];
          device.norm_workspace = o.norm_clip > 0 ? nullptr : workspace.data();
          std::vector<std::unique_ptr<Buffer>> pieces;
          std::vector<Segment> segments;
          int64_t offset = 0;
          for (size_t s = 0; s < layout.sizes.size(); ++s) {
            const auto begin = g.begin() + offset;
            Segment segment{offset, layout.sizes[s], {}};
            // Some gradients come in parts: a half, an eighth (at another address) and the rest.
            const std::vector<double> shares = s % 4 == 1 ? std::vector<double>{0.5, 0.125, 0.375} : std::vector<double>{1};
            for (size_t k = 0; k < shares.size() && static_cast<int>(s) != layout.absent; ++k) {
              Values part(begin, begin + layout.sizes[s]);
              for (double& v : part) v *= shares[k];
              pieces.push_back(std::make_unique<Buffer>(o.dtype, part, (s + k) % 3 == 2 ? 1 : 0));
              segment.gradient[k] = pieces.back()->data();
            }
            segments.push_back(segment);
            offset += layout.sizes[s];
          }
          kernels().optimizer.step(nullptr, o, device, segments.data(), static_cast<int>(segments.size()));
        }
      });
  const double bound = o.dtype == DType::f64 ? 1e-12 : 1e-6;
  EXPECT_LT(relative_error(found[0], state.p), bound);
  EXPECT_LT(relative_error(found[3], state.average), bound);
  if (o.dtype == DType::f32 && gate != 0) {
    EXPECT_EQ(found[6], Buffer(DType::bf16, found[0]).values());  // the same numbers, rounded
  }
  if (has_m) {
    EXPECT_LT(relative_error(found[1], state.m), bound);
  }
  if (has_v) {
    EXPECT_LT(relative_error(found[2], state.v), bound);
  }
  EXPECT_EQ(found[4][0], gate != 0 ? 6 : 4);
  if (o.norm_clip == 0) {
    EXPECT_LT(relative_error(found[5], norms[1]->values()), o.dtype == DType::f64 ? 1e-12 : 1e-5);
  }
  EXPECT_TRUE(workspace.guarded());
}

const Layout kSmall{{4, 1, 7, 64, 0, 130, 5000}, 3};

Layout many_segments() {
  Layout layout{{}, 17};
  for (int i = 0; i < 130; ++i) layout.sizes.push_back(1 + i % 9);
  return layout;
}

TEST(OptimizerSim, StepsMatchReference) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const Layout& layout : {kSmall, many_segments()}) {
      check_steps({Rule::adam, dtype, 0, 0.999, 1e-8, 0, false, 0, 0.9}, layout, true, true, 1);
      check_steps({Rule::adam, dtype, 0, 0.99, 1e-8, 0.1, false, 0.5, 0.9}, layout, true, true, 1);
      check_steps({Rule::adam, dtype, 0, 0.99, 1e-8, 0.1, true, 0, 0.9}, layout, true, true, 1);
      check_steps({Rule::adamax, dtype, 0, 0.999, 1e-8, 0, false, 0, 0.9}, layout, true, true, 1);
      check_steps({Rule::adamax, dtype, 0, 0.6, 1e-3, 0.1, false, 0.5, 0.9}, layout, true, true, 1);
      check_steps({Rule::rmsprop, dtype, 0, 0.99, 1e-8, 0, false, 0.01, 0.9}, layout, false, true, 1);
      check_steps({Rule::rmsprop, dtype, 0, 0.9, 1e-8, 0.1, false, 0, 0.9}, layout, true, true, 1);
      check_steps({Rule::sgd, dtype, 0, 0, 0, 0.01, false, 0, 0.9}, layout, true, false, 1);
      check_steps({Rule::adam, dtype, 0, 0.9, 1e-8, 0.1, false, 0, 0.9, 0.4, 0}, layout, true, true, 1);
      check_steps({Rule::sgd, dtype, 0, 0, 0, 0.1, false, 0, 0.9, 0, 2.5}, layout, true, false, 1);
      check_steps({Rule::rmsprop, dtype, 0, 0.9, 1e-8, 0, false, 0, 0.9, 0, 1e6}, layout, false, true, 1);
    }
  }
}

TEST(OptimizerSim, AClosedGateKeepsEverything) {
  check_steps({Rule::adam, DType::f32, 0, 0.999, 1e-8, 0, false, 0, 0.9}, kSmall, true, true, 0);
}

TEST(OptimizerSim, PlainDescentNeedsNoVelocity) {
  const Values p = random_values(100, 41), g = random_values(100, 42);
  Buffer gradient(DType::f32, g);
  const OnDevice<StepScalars> scalars_there({0.1, 0.9});
  const auto found = run_in_orders({{DType::f32, 100, p}, {DType::i64, 1, {0}}}, [&](const auto& out) {
    const Segment segment{0, 100, {gradient.data()}};
    kernels().optimizer.step(
        nullptr, {Rule::sgd, DType::f32, 100, 0, 0, 0, false, 0, 0},
        {out[0], nullptr, nullptr, nullptr, static_cast<int64_t*>(out[1]), scalars_there.get(), nullptr},
        &segment, 1);
  });
  Values wanted(p);
  for (int i = 0; i < 100; ++i) wanted[i] -= 0.1 * g[i];
  EXPECT_LT(relative_error(found[0], wanted), 1e-6);
  EXPECT_EQ(found[1][0], 1);
}

TEST(OptimizerSim, GradientNorm) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const Layout& layout : {kSmall, many_segments(), Layout{{1}, -1}, Layout{{}, -1}}) {
      double wanted = 0;
      std::vector<std::unique_ptr<Buffer>> pieces;
      std::vector<Segment> segments;
      int64_t offset = 0;
      for (size_t s = 0; s < layout.sizes.size(); ++s) {
        const bool absent = static_cast<int>(s) == layout.absent;
        const Values g = random_values(layout.sizes[s], 50 + static_cast<int>(s));
        pieces.push_back(std::make_unique<Buffer>(dtype, g, s % 2 ? 1 : 0));
        // Every third counts twice: as two parts.
        const bool twice = s % 3 == 0 && !absent;
        for (const double v : g) wanted += absent ? 0 : (twice ? 4 : 1) * v * v;
        segments.push_back({offset, layout.sizes[s], {absent ? nullptr : pieces[s]->data(), twice ? pieces[s]->data() : nullptr}});
        offset += layout.sizes[s];
      }
      Buffer workspace(DType::u8, static_cast<int64_t>(kernels().optimizer.norm_workspace(offset, static_cast<int>(segments.size()))), 0, 64);
      const auto found = run_in_orders({{dtype, 1}}, [&](const auto& out) {
        kernels().optimizer.gradient_norm_squared(
            nullptr, dtype, segments.data(), static_cast<int>(segments.size()), out[0], workspace.data());
      });
      EXPECT_NEAR(found[0][0], wanted, wanted * 1e-6) << text(dtype) << layout.sizes.size();
      EXPECT_TRUE(workspace.guarded());
    }
  }
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
