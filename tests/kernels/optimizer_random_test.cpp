// Optimisers drawn at random, rules, clips, segments and parts alike, on the simulated card and on the cpu, against the formulas in double.
#include "kernels/cpu/families.h"
#include "tests/kernels/optimizer_reference.h"
#include "tests/kernels/sim_check.h"
#include "tests/support/draw.h"

namespace ganymede::kernels::sim::family_check {
namespace {

struct Drawn {
  Optimizer o{};
  bool has_m, has_average, has_copy, tells_norm;
  std::vector<Segment> segments;   // without gradients
  std::vector<int> parts;          // of each segment's gradient
  std::vector<bool> moves;         // elements of the flat buffer that a segment holds
  std::vector<StepScalars> scalars;  // of each step
  std::vector<int> gates;          // of each step: -1 none, else 0 or 1
  int64_t start;                   // steps done before
  int shifts[4];                   // elements that p, m, v and the average lie behind a multiple of 256 bytes
};

Drawn drawn_optimizer(test::Draw& draw) {
  Drawn d;
  Optimizer& o = d.o;
  o.rule = draw.of({Rule::sgd, Rule::rmsprop, Rule::adam, Rule::adam, Rule::adamax});
  o.dtype = draw.of({DType::f32, DType::f32, DType::f64});
  o.beta2 = draw.of({0.6, 0.9, 0.99, 0.999}), o.eps = draw.of({1e-8, 1e-5, 1e-3});
  o.weight_decay = draw.of({0.0, 0.0, 0.01, 0.3}), o.decoupled = draw.one_in(3), o.ema = draw.of({0.0, 0.5, 0.999});
  o.clip = draw.one_in(3) ? draw.of({0.01, 0.5}) : 0;
  if (draw.one_in(3)) o.gradient_clip = draw.of({1e-3, 0.4, 2.0});
  else if (draw.one_in(3)) o.norm_clip = draw.of({0.01, 2.5, 1e6});
  d.has_m = o.rule == Rule::adam || o.rule == Rule::adamax || draw.one_in(2);
  d.has_average = draw.one_in(2), d.has_copy = o.dtype == DType::f32 && draw.one_in(2), d.tells_norm = o.norm_clip == 0 && draw.one_in(2);

  const bool small = draw.one_in(2);
  const int count = draw.of({0, 1, 1, 2, 3, 5, 17, 84, 85, 130});
  const int64_t multiple = draw.of({1, 1, 4, 32});
  int64_t end = draw.one_in(4) ? draw.between(1, 9) : 0;
  for (int i = 0; i < count; ++i) {
    end = (end + multiple - 1) / multiple * multiple;
    const int64_t length = small || end > 12'000 ? draw.of({0, 1, 2, 3, 4, 5, 7, 8, 31}) : draw.of({1, 4, 63, 130, 1023, 1024, 1025, 2051, 4095, 4096, 4097, 5000});
    d.segments.push_back({end, length, {}});
    d.parts.push_back(draw.of({0, 1, 1, 1, 2, 3, 4}));
    d.moves.resize(size_t(end), false);
    d.moves.resize(size_t(end += length), true);
    if (draw.one_in(4)) end += draw.between(1, 9);
  }
  d.moves.resize(size_t(std::max<int64_t>(end, 1)), false);
  o.count = int64_t(d.moves.size());

  const int steps = int(draw.between(1, 3));
  for (int t = 0; t < steps; ++t) {
    d.scalars.push_back({draw.of({1e-3, 0.05}), draw.of({0.0, 0.5, 0.9})});
    d.gates.push_back(draw.of({-1, -1, 0, 1}));
  }
  d.start = draw.of({int64_t{0}, int64_t{4}, int64_t{2'000'000}});
  const bool aligned = draw.one_in(2);
  for (int& shift : d.shifts) shift = aligned ? 0 : int(draw.between(0, 3));
  return d;
}

// Only those that a segment holds; what lies between must be as it was.
Values held(const Drawn& d, const Values& all, const Values& start) {
  Values values;
  for (size_t i = 0; i < all.size(); ++i) {
    if (d.moves[i]) values.push_back(all[i]);
    else if (!(all[i] == start[i])) ADD_FAILURE() << "element " << i << " belongs to no segment and was " << start[i] << ", now " << all[i];
  }
  return values;
}

void expect_steps(const Drawn& d, test::Draw& draw, const OptimizerKernels& optimizer, const DeviceKernels& device, int seed) {
  const Optimizer& o = d.o;
  OptimizerReference want{random_values(o.count, seed), random_values(o.count, seed + 1), positive(random_values(o.count, seed + 2)), random_values(o.count, seed + 3), d.start};
  const OptimizerReference start = want;
  const DType number = o.dtype;
  struct Step {
    std::vector<std::unique_ptr<Buffer>> parts;
    std::vector<Segment> segments;
    std::unique_ptr<Buffer> scalars, gate;
    double squares = 0;
  };
  std::vector<Step> steps;
  for (size_t t = 0; t < d.scalars.size(); ++t) {
    Step s;
    Values gradient(d.moves.size(), 0.0);
    s.segments = d.segments;
    for (size_t i = 0; i < s.segments.size(); ++i)
      for (int k = 0; k < d.parts[i]; ++k) {
        const Values part = random_values(s.segments[i].count, seed + 10 + int(t * 1000 + i * 4) + k);
        for (size_t j = 0; j < part.size(); ++j) gradient[size_t(s.segments[i].offset) + j] += part[j];
        s.parts.push_back(std::make_unique<Buffer>(number, part, draw.one_in(3) ? int(draw.between(1, 3)) : 0, 0, device));
        s.segments[i].gradient[k] = s.parts.back()->data();
      }
    s.scalars = std::make_unique<Buffer>(DType::u8, int64_t{sizeof(StepScalars)}, 0, 0, device);
    device.upload(nullptr, s.scalars->data(), &d.scalars[t], sizeof(StepScalars));
    if (d.gates[t] >= 0) s.gate = std::make_unique<Buffer>(DType::f32, Values{double(d.gates[t])}, 0, 0, device);
    for (const double g : gradient) s.squares += g * g;
    if (d.gates[t] != 0) want.take(o, d.scalars[t], d.has_m, gradient, d.moves);
    steps.push_back(std::move(s));
  }
  Buffer workspace(DType::u8, int64_t(optimizer.norm_workspace(o.count, int(d.segments.size()))), 0, 64, device);
  const auto found = run_in_orders(
      {{number, o.count, start.p, d.shifts[0]}, {number, o.count, start.m, d.shifts[1]}, {number, o.count, start.v, d.shifts[2]}, {number, o.count, start.average, d.shifts[3]},
       {DType::i64, 1, {double(d.start)}}, {number, 1}, {DType::bf16, o.count}},
      [&](const auto& out) {
        for (const Step& s : steps) {
          OptimizerState state{out[0], d.has_m ? out[1] : nullptr, o.rule == Rule::sgd ? nullptr : out[2], d.has_average ? out[3] : nullptr,
                               static_cast<int64_t*>(out[4]), s.scalars->template as<StepScalars>(), s.gate ? s.gate->template as<float>() : nullptr};
          if (d.tells_norm) state.norm_squared = out[5], state.norm_workspace = workspace.data();
          if (d.has_copy) state.copy = static_cast<Bf16*>(out[6]);
          if (!d.tells_norm) optimizer.gradient_norm_squared(nullptr, number, s.segments.data(), int(s.segments.size()), out[5], workspace.data());
          if (o.norm_clip > 0) state.norm_squared = out[5];
          optimizer.step(nullptr, o, state, s.segments.data(), int(s.segments.size()));
        }
      },
      device);
  const double bound = number == DType::f64 ? 1e-12 : 2e-6;
  const auto expect_near = [&](const char* name, const Values& now, const Values& wanted, const Values& before) {
    EXPECT_LT(relative_error(held(d, now, before), held(d, wanted, before)), bound) << name;
  };
  expect_near("p", found[0], want.p, start.p);
  if (d.has_m) expect_near("m", found[1], want.m, start.m);
  if (o.rule != Rule::sgd) expect_near("v", found[2], want.v, start.v);
  if (d.has_average) expect_near("average", found[3], want.average, start.average);
  EXPECT_EQ(found[4][0], double(want.step));
  EXPECT_NEAR(found[5][0], steps.back().squares, steps.back().squares * (number == DType::f64 ? 1e-12 : 1e-5));
  const bool stepped = want.step > d.start;
  for (size_t i = 0; i < found[6].size(); ++i) {
    const bool written = stepped && d.has_copy && d.moves[i];
    if (written ? found[6][i] != double(to_float(to_bf16(float(found[0][i])))) : !std::isnan(found[6][i])) ADD_FAILURE() << "copy of element " << i << ": " << found[6][i] << ", p is " << found[0][i];
  }
  EXPECT_TRUE(workspace.guarded());
}

TEST(OptimizerRandom, StepsMatchReference) {
  for (int seed = 0; seed < test::random_cases(100) && !HasFailure(); ++seed) {
    test::Draw draw(seed);
    const Drawn d = drawn_optimizer(draw);
    SCOPED_TRACE(testing::Message() << "case " << seed << ": rule " << int(d.o.rule) << ", " << text(d.o.dtype) << ", " << d.segments.size() << " segments of " << d.o.count << " elements");
    {
      SCOPED_TRACE("card");
      test::Draw same = draw;
      expect_steps(d, same, kernels().optimizer, kernels().device, seed);
    }
    SCOPED_TRACE("cpu");
    expect_steps(d, draw, cpu::optimizer_kernels, host(), seed);
  }
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
