// What autograd promises beyond single ops: any order, cut paths, saved versions, watch scopes, no host reads in updates.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/capture.h"
#include "engine/check.h"
#include "engine/ops.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Autograd, GoesToTheFifthOrder) {
  // d^5/dx^5 of x^6 = 720 x; tanh's third derivative by the closed form -2 + 8 t^2 - 6 t^4.
  const Tensor x = watch(tensor(std::vector<double>{0.7}, {1}, DType::f64, Device{}));
  Tensor y = pow(x, 6);
  for (int i = 0; i < 5; ++i) y = grad(y, x);
  EXPECT_NEAR(y.item(), 720 * 0.7, 1e-9);
  Tensor t = tanh(x);
  for (int i = 0; i < 3; ++i) t = grad(t, x);
  const double v = std::tanh(0.7);
  EXPECT_NEAR(t.item(), -2 + 8 * v * v - 6 * v * v * v * v, 1e-9);
}

TEST(Autograd, DifferentiatesANormThreeTimes) {
  const Tensor direction = random_tensor({1, 2, 3, 2}, 6);
  const auto second = [&](const Tensors& in) {
    const Tensor x = in[0].node() ? in[0] : watch(in[0]);
    const Tensor g = grad(sum(square(normalise(x, instance_view(x, 1e-2), {}, {}).y)), x);
    return Tensors{grad(sum(mul(g, direction)), x)};
  };
  EXPECT_EQ(gradcheck(second, {random_tensor({1, 2, 3, 2}, 5)}, {1e-5, 1e-4, 1}), "");
}

// Where no second derivative can be asked for, a norm's gradient takes its activation's derivative along: one launch fewer, the
// same numbers.
TEST(Autograd, NormTakesItsActivationAlongInTheLastSweep) {
  for (const DeviceType type : {DeviceType::cpu, DeviceType::sim})
    for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
      for (const Activation f : {Activation{Unary::relu}, Activation{Unary::leaky_relu, 0.2}, Activation{Unary::tanh}})
        for (const bool conditional : {false, true}) {
          const Device device{type, 0};
          const DType wide = dtype == DType::f64 ? DType::f64 : DType::f32;
          const auto leaf_of = [&](const Shape& s, uint64_t seed, DType as) { return watch(to_device(cast(random_tensor(s, seed), as).constant(), device)); };
          const Shape affine = conditional ? Shape{3, 8} : Shape{8};
          const Tensor x = leaf_of({3, 4, 5, 8}, 1, dtype), gamma = leaf_of(affine, 2, wide), beta = leaf_of(affine, 3, wide);
          const auto view = conditional ? group_view(x, 2, 1e-3) : batch_view(x, 1e-3);
          const Tensor y = normalise(x, view, gamma, beta, f).y, g = leaf_of({3, 4, 5, 8}, 4, dtype).constant();
          int64_t launches[2];
          Tensors found[2];
          for (const bool last : {false, true}) {
            const int64_t before = context().launches;
            found[last] = grad({y}, {x, gamma, beta}, {g}, last ? Record::off : Record::on);
            launches[last] = context().launches - before;
          }
          EXPECT_EQ(launches[1], launches[0] - 1);
          for (int i = 0; i < 3; ++i)
            EXPECT_LT(relative_error(found[1][i].to_doubles(), found[0][i].to_doubles()),
                      dtype == DType::bf16 ? 1e-2 : dtype == DType::f32 ? 1e-5 : 1e-12) << int(type) << int(dtype) << int(f.op) << conditional << i;
        }
}

// A norm adds its residual in its own launches where both are of one type, and tells what does not fit.
TEST(Autograd, NormAddsItsResidualInItsOwnLaunches) {
  const auto made = [](DType as, uint64_t seed) { return watch(cast(random_tensor({2, 3, 5, 8}, seed), as).constant()); };
  const auto launches = [](const auto& f) {
    const int64_t before = context().launches;
    f();
    return context().launches - before;
  };
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Tensor x = made(dtype, 1), side = made(dtype, 2);
    const auto norm = [&](const Tensor& residual) { return normalise(x, instance_view(x, 1e-3), {}, {}, {Unary::tanh}, {}, residual).y; };
    EXPECT_EQ(launches([&] { norm(side); }), launches([&] { norm({}); }));
    if (dtype == DType::f32) continue;
    const Tensor full = made(DType::f32, 2), y = norm(full);   // bf16 meets f32
    EXPECT_EQ(y.dtype(), DType::f32);
    EXPECT_LT(relative_error(y.to_doubles(), norm(side).to_doubles()), 1e-2);
    const Tensors d = grad({y}, {x, full}, {ones_like(y)});
    EXPECT_EQ(d[0].dtype(), DType::bf16);
    EXPECT_EQ(d[1].dtype(), DType::f32);
  }
  const Tensor x = made(DType::f32, 1), row = random_tensor({8}, 2);
  EXPECT_EQ(message_of([&] { normalise(x, batch_view(x), {}, {}, {}, {}, cast(row, DType::f32)); }), "norm: a residual of shape [8] for x [2, 3, 5, 8]: they must be equal");
}

// A residual asks for no gradient of the norm.
TEST(Autograd, AResidualsGradientIsThatBehindTheNorm) {
  const Tensor x = random_tensor({2, 3, 5, 4}, 1).constant(), side = watch(random_tensor({2, 3, 5, 4}, 2).constant()), g = random_tensor({2, 3, 5, 4}, 3).constant();
  const Tensor y = normalise(x, batch_view(x), {}, {}, {}, {}, side).y;
  const int64_t before = context().launches;
  EXPECT_EQ(grad({y}, {side}, {g})[0].to_doubles(), g.to_doubles());
  EXPECT_EQ(context().launches, before);
}

// The gradient in a linear layer's input reads the bf16 copy of the weight that the forward sweep has made; when the weight moves,
// so does the copy.
TEST(Autograd, ALinearLayersGradientReadsTheCopyOfItsWeight) {
  ContextScope scope;
  context().precision = Precision::bf16;
  const auto run = [](bool parameter) {
    const Tensor x = watch(cast(random_tensor({4, 8}, 1), DType::bf16).constant()), w = watch(cast(random_tensor({3, 8}, 2), DType::f32).constant());
    w.storage()->parameter = parameter;
    std::pair<int64_t, std::vector<double>> out;
    for (int i = 0; i < 2; ++i) {
      const Tensor y = linear(x, w, {});
      const int64_t before = context().launches;
      const Tensor d = grad({y}, {x}, {ones_like(y)}, Record::off)[0];
      out.first = context().launches - before;
      out.second = d.to_doubles();
      if (i == 0) assign(w, cast(random_tensor({3, 8}, 3), DType::f32).constant());
    }
    return out;
  };
  const auto copied = run(true), cast_anew = run(false);
  EXPECT_EQ(copied.first, cast_anew.first - 1);
  EXPECT_EQ(copied.second, cast_anew.second);
}

TEST(Autograd, KnowsWhatDoesNotDepend) {
  const Tensor a = watch(random_tensor({3}, 1)), b = watch(random_tensor({3}, 2));
  EXPECT_FALSE(grad(sum(square(a)), b).defined());
  EXPECT_THROW(grad(sum(a), random_tensor({3}, 1)), Error);
}

TEST(Autograd, RecordsNothingUnwatched) {
  const Tensor w = leaf(random_tensor({3}, 1));
  EXPECT_EQ(square(w).node(), nullptr);
  Watch watching({w});
  EXPECT_NE(square(w).node(), nullptr);
}

TEST(Autograd, AddsUpOverEveryPath) {
  const Tensor x = watch(tensor(std::vector<double>{3}, {1}, DType::f64, Device{}));
  const Tensor y = square(x);
  EXPECT_DOUBLE_EQ(grad(y * y + y + x, x).item(), 4 * 27 + 6 + 1);
}

// Gradients come back in the type of what they belong to.
TEST(Autograd, BesideF32Bf16BecomesF32) {
  const Tensor a = watch(tensor(std::vector<double>{1.001, 2}, {1, 2}, DType::f32, Device{})), b = watch(tensor(std::vector<double>{3, 4}, {1, 2}, DType::bf16, Device{}));
  for (const Tensors& order : {Tensors{a, b}, Tensors{b, a}}) {
    const Tensor y = concat(order, 0);
    EXPECT_EQ(y.dtype(), DType::f32);
    EXPECT_FLOAT_EQ(y.to_floats()[order[0].dtype() == DType::f32 ? 0 : 2], 1.001f);
    const Tensors g = grad({sum(square(y))}, {a, b});
    EXPECT_EQ(g[0].dtype(), DType::f32);
    EXPECT_EQ(g[1].dtype(), DType::bf16);
    EXPECT_EQ(g[1].to_floats(), (std::vector<float>{6, 8}));
  }
  EXPECT_EQ(concat({b, b}, 0).dtype(), DType::bf16);
  EXPECT_THROW(concat({a, a.constant(), tensor(std::vector<int64_t>{1, 2}, {1, 2}, Device{})}, 0), Error);
}

TEST(Autograd, RefusesValuesThatWereWrittenSince) {
  const Tensor x = watch(random_tensor({3}, 1));
  const Tensor w = random_tensor({3}, 2);
  const Tensor y = sum(mul(x, w));
  assign(w, random_tensor({3}, 3));
  const std::string said = message_of([&] { grad(y, x); });
  EXPECT_NE(said.find("mul"), std::string::npos) << said;
  EXPECT_NE(said.find("version"), std::string::npos) << said;
}

TEST(Autograd, LongChainsDoNotOverflowTheStack) {
  Tensor x = watch(tensor(std::vector<double>{1}, {1}, DType::f64, Device{}));
  Tensor y = x;
  for (int i = 0; i < 100000; ++i) y = y * 1.0 + 0.0;
  EXPECT_DOUBLE_EQ(grad(y, x, Record::off).item(), 1);
}

// Leaky ReLU's second derivative is zero, so the penalty's gradient takes four sweeps over a critic without norms, not six.
TEST(Autograd, CutsTheZeroPathOfAPenalty) {
  constexpr int kLayers = 4;
  Tensors weights;
  for (int i = 0; i < kLayers; ++i) weights.push_back(leaf(random_tensor({4, 3, 3, i ? 4 : 2}, 10 + i, -0.3, 0.3)));
  const auto critic = [&](Tensor x) {
    for (const Tensor& w : weights) x = leaky_relu(conv2d(x, w, {}, {{1, 1}, {1, 1}}));
    return sum(x);
  };
  const auto count = [](const std::function<void()>& f) {
    const int64_t before = conv_launches();
    f();
    return conv_launches() - before;
  };
  Watch watching(weights);
  const Tensor x = watch(random_tensor({2, 5, 5, 2}, 3));
  Tensor penalty;
  EXPECT_EQ(count([&] { penalty = mean(square(norm(flatten(grad(critic(x), x)), {1}) - 1.0)); }), 2 * kLayers);
  // The tangent's forward sweep and the weight gradients; the last layer's forward tangent is not needed.
  const int64_t backward = count([&] { grad(Tensors{penalty}, weights, {}, Record::off); });
  EXPECT_LE(backward, 2 * kLayers);
  EXPECT_GE(backward, 2 * kLayers - 1);
}

// In f64 the cpu reads borders in place; of this one in f32 its weight gradient does and its forward pass pads first.
TEST(Autograd, BordersEqualPaddingFirst) {
  const Tensor x64 = random_tensor({1, 6, 5, 32}, 1), w64 = random_tensor({128, 5, 5, 32}, 2, -0.1, 0.1);
  const auto results = [&](DType dtype, bool padded_first, Padding border) {
    const Tensor x = watch(cast(x64, dtype)), w = watch(cast(w64, dtype));
    const int64_t before = context().launches;
    const Tensor y = padded_first ? conv2d(pad(x, {2, 2, 2, 2}, border), w, {}, {}) : conv2d(x, w, {}, {{1, 1}, {2, 2}, {1, 1}, {0, 0}, 1, border});
    EXPECT_EQ(context().launches - before, padded_first || dtype == DType::f32 ? 2 : 1);
    const Tensors first = grad({sum(square(y))}, {x, w});
    const Tensors second = grad({sum(square(first[0])) + sum(first[1] * cast(w64, dtype))}, {x, w});
    return Tensors{y, first[0], first[1], second[0], second[1]};
  };
  for (const Padding border : {Padding::reflect, Padding::replicate}) {
    const Tensors want = results(DType::f64, true, border), f64 = results(DType::f64, false, border), f32 = results(DType::f32, false, border);
    for (size_t i = 0; i < want.size(); ++i) {
      const auto error = [&](const Tensor& t) { return std::sqrt((sum(square(cast(t, DType::f64) - want[i])) / sum(square(want[i]))).item()); };
      EXPECT_LE(error(f64[i]), 1e-12) << i;
      EXPECT_LE(error(f32[i]), 1e-4) << i;
    }
  }
  EXPECT_NE(message_of([&] { conv2d(x64, w64, {}, {{1, 1}, {2, 5}, {1, 1}, {0, 0}, 1, Padding::reflect}); }).find("reflection by 2,5 needs more than as many pixels"), std::string::npos);
  EXPECT_NE(message_of([&] { conv_transpose2d(random_tensor({1, 3, 3, 128}, 3), w64, {}, {{1, 1}, {2, 2}, {1, 1}, {0, 0}, 1, Padding::reflect}); }).find("no border to fill"), std::string::npos);
}

// Where neither direction reads the border, one padded copy serves both.
TEST(Autograd, ABorderThatNobodyReadsIsPaddedOnce) {
  const Tensor x = random_tensor({1, 9, 8, 32}, 1), w = random_tensor({32, 3, 3, 16}, 2);
  const ConvOptions bordered{{1, 1}, {2, 2}, {2, 2}, {0, 0}, 2, Padding::reflect}, plain{{1, 1}, {0, 0}, {2, 2}, {0, 0}, 2};
  kernels::Conv2d problem = conv_problem(x.shape(), w.shape(), bordered);
  problem.dtype = DType::f32;
  for (const auto role : {kernels::Conv2dRole::forward, kernels::Conv2dRole::weight_gradient}) ASSERT_FALSE(kernels_of(Device{}).conv2d.reads_border(role, problem));
  const auto launches = [&](bool padded_first) {
    const Tensor in = watch(cast(x, DType::f32)), filter = watch(cast(w, DType::f32));
    const int64_t before = context().launches;
    const Tensor y = padded_first ? conv2d(pad(in, {2, 2, 2, 2}, Padding::reflect), filter, {}, plain) : conv2d(in, filter, {}, bordered);
    grad({y}, {in, filter}, {y.constant()}, Record::off);
    return context().launches - before;
  };
  EXPECT_EQ(launches(false), launches(true));
}

// Two tensors side by side give the bits of joining them first, to the second order; on the simulator nothing is launched to join or
// to cut them.
TEST(Autograd, PairsEqualJoiningFirst) {
  const Tensor a64 = random_tensor({1, 6, 5, 8}, 1), b64 = random_tensor({1, 6, 5, 5}, 2), w64 = random_tensor({13, 3, 3, 13}, 3);
  for (const DeviceType type : {DeviceType::cpu, DeviceType::sim})
    for (const bool transposed : {false, true}) {
      ContextScope scope;
      context().device = {type, 0};
      const auto here = [](const Tensor& t) { return cast(to_device(t, context().device), DType::f32); };
      const auto results = [&](bool joined_first, int64_t& launches) {
        const Tensor a = watch(here(a64)), b = watch(here(b64)), w = watch(here(w64));
        const int64_t before = context().launches;
        const ConvInput x = joined_first ? ConvInput(concat({a, b}, 3)) : ConvInput(a, b);
        const Tensor y = transposed ? conv_transpose2d(x, w, {}, {{1, 1}, {1, 1}}) : conv2d(x, w, {}, {{1, 1}, {1, 1}});
        const Tensors first = grad({sum(square(y))}, {a, b, w});
        launches = context().launches - before;
        // The cotangent of one of the two alone, then of both.
        const Tensors one = grad({sum(square(first[1]))}, {a, b, w}), both = grad({sum(square(first[0])) + sum(square(first[1])) + sum(square(first[2]))}, {a, b, w});
        Tensors all{y};
        for (const Tensors& some : {first, one, both}) all.insert(all.end(), some.begin(), some.end());
        return all;
      };
      int64_t together = 0, apart = 0;
      const Tensors want = results(true, together), got = results(false, apart);
      for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(got[i].to_doubles(), want[i].to_doubles()) << context().device << " " << i;
      EXPECT_EQ(apart, type == DeviceType::sim ? together - 4 : together) << context().device;   // two copies, two slices
    }
  EXPECT_NE(message_of([&] { conv2d({a64, random_tensor({1, 6, 4, 5}, 4)}, w64, {}, {}); }).find("must have equal N, H and W"), std::string::npos);
}

TEST(Autograd, KeepsPartsOfSmallGradientsApart) {
  const Tensor w = watch(random_tensor({3, 4}, 1)), x = random_tensor({3, 4}, 2);
  const Tensor a = sum(mul(w, x)), b = sum(square(w)), c = sum(exp(x));
  const std::vector<Tensors> parts = gradient_parts({a, b, c}, {w});
  ASSERT_EQ(parts[0].size(), 2u);
  const auto sum_of_parts = add(parts[0][0], parts[0][1]).to_doubles(), whole = grad(Tensors{a, b, c}, {w})[0].to_doubles();
  for (size_t i = 0; i < whole.size(); ++i) EXPECT_DOUBLE_EQ(sum_of_parts[i], whole[i]);
  EXPECT_TRUE(gradient_parts({c}, {w})[0].empty());
}

// A gradient begins as a number that the host knows: means, weights and broadcasts of it take no launch.
TEST(Autograd, LaunchesNothingForWhatTheHostKnows) {
  const auto count = [](const std::function<void()>& f) {
    const int64_t before = context().launches;
    f();
    return context().launches - before;
  };
  const Tensor x = watch(random_tensor({3, 4}, 1)), y = watch(random_tensor({3, 4}, 2));
  const Tensor loss = (mean(x) - mean(mul(x, y))) * 0.5;
  Tensors g;
  EXPECT_EQ(count([&] { g = grad(Tensors{loss}, {x, y}, {}, Record::off); }), 3);  // y / 24, x / 24, and the sum for x, which fills
  const auto to_x = g[0].to_doubles(), to_y = g[1].to_doubles(), vx = x.to_doubles(), vy = y.to_doubles();
  for (size_t i = 0; i < vx.size(); ++i) {
    EXPECT_NEAR(to_x[i], (1 - vy[i]) / 24, 1e-15);
    EXPECT_NEAR(to_y[i], -vx[i] / 24, 1e-15);
  }
  const Tensor ones = uniform_constant({2, 2}, 3, DType::f64, x.device());
  EXPECT_EQ(uniform_value(sum(ones * 2.0)), 24.0);
  EXPECT_EQ(ones.to_doubles(), std::vector<double>(4, 3.0));
  assign(ones, ones * 2.0);
  EXPECT_FALSE(uniform_value(ones));
  EXPECT_EQ(ones.to_doubles(), std::vector<double>(4, 6.0));
}

TEST(Update, ForbidsHostReads) {
  Unit unit;
  const Tensor x = random_tensor({1}, 1);
  const std::string said = message_of([&] { unit.run([&] { x.item(); }); });
  EXPECT_NE(said.find("inside an update"), std::string::npos) << said;
}

TEST(Update, ReplaysWithFreshDraws) {
  ContextScope scope;
  for (const DeviceType type : {DeviceType::cpu, DeviceType::sim}) {
    context().device = {type, 0};
    seed(5);
    Unit unit;
    Tensor y;
    std::vector<std::vector<float>> replayed, eager;
    for (uint32_t i = 0; i < 6; ++i) {
      set_random_position(i, 0);
      unit.run([&] { y = square(randn({7})); });
      replayed.push_back(y.to_floats());
    }
    EXPECT_TRUE(unit.captured());
    for (uint32_t i = 0; i < 6; ++i) {
      set_random_position(i, 0);
      eager.push_back(square(randn({7})).to_floats());
    }
    EXPECT_EQ(replayed, eager);
    EXPECT_NE(replayed[3], replayed[4]);
  }
}

TEST(Update, MustDoTheSameWorkEveryTime) {
  Unit unit;
  int run = 0;
  const auto f = [&] { zeros({++run == 3 ? 1000 : 10}); };
  unit.run(f), unit.run(f);
  const std::string said = message_of([&] { unit.run(f); });
  EXPECT_NE(said.find("same work every time"), std::string::npos) << said;
}

TEST(Memory, ForetellsOnThePlanDevice) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  const int64_t before = memory_use(context().device).live;
  const Tensor x = zeros({1000, 1000});
  EXPECT_EQ(memory_use(context().device).live - before, 4000000);
  EXPECT_EQ(matmul(x, x).shape(), (Shape{1000, 1000}));
  EXPECT_THROW(x.to_floats(), Error);
}

TEST(Shapes, ErrorsNameBothSides) {
  const Tensor a = random_tensor({2, 3}, 1), b = random_tensor({4}, 2);
  const std::string said = message_of([&] { add(a, b); });
  EXPECT_NE(said.find("[2, 3]"), std::string::npos) << said;
  EXPECT_NE(said.find("[4]"), std::string::npos) << said;
  const std::string conv = message_of([&] { conv2d(random_tensor({1, 4, 4, 3}, 1), random_tensor({5, 3, 3, 2}, 2), {}, {}); });
  EXPECT_NE(conv.find("3 channels"), std::string::npos) << conv;
}

}  // namespace
}  // namespace ganymede::test
