// The engine's convolutions by a variant that was put in place: the same derivatives of every order, eager and replayed.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "engine/capture.h"
#include "engine/memory.h"
#include "engine/ops.h"
#include "engine/ops/use_record.h"

namespace ganymede {
namespace {

using Values = std::vector<std::vector<float>>;

double relative_error(const std::vector<float>& got, const std::vector<float>& want) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < want.size(); ++i) difference += std::pow(double(got[i]) - want[i], 2), size += std::pow(double(want[i]), 2);
  return std::sqrt(difference / size);
}

std::vector<float> numbers(int64_t count, int seed) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = float(std::sin(double(i * i % 97) + 0.7 * double(i) + seed));
  return values;
}

// y, its gradients and those of a penalty on them: all three directions, some of them more than once.
struct Penalty {
  Tensor x, w, bias, up;
  ConvOptions options;
  Tensors results;
  explicit Penalty(Padding border) {
    const Device device = context().device;
    x = leaf(tensor(numbers(2 * 9 * 10 * 5, 1), {2, 9, 10, 5}, DType::f32, device));
    w = leaf(tensor(numbers(6 * 3 * 3 * 5, 2), {6, 3, 3, 5}, DType::f32, device));
    bias = leaf(tensor(numbers(6, 3), {6}, DType::f32, device));
    up = leaf(tensor(numbers(6 * 3 * 3 * 4, 4), {6, 3, 3, 4}, DType::f32, device));
    options.padding = {1, 1};
    options.border = border;
  }
  void compute() {
    const Watch watch({x, w, bias, up});
    const Tensor y = conv2d(x, w, bias, options, {Unary::tanh});
    const Tensor z = conv_transpose2d(y, up, Tensor(), {});
    const Tensor first = grad(sum(square(z)), x);
    results = grad(Tensors{sum(square(first))}, Tensors{w, bias, up}, {}, Record::off);
    results.push_back(z), results.push_back(first);
  }
  Values values() const {
    Values all;
    for (const Tensor& t : results) all.push_back(t.to_floats());
    return all;
  }
};

TEST(ConvVariants, WinogradDifferentiatesAndReplays) {
  ContextScope scope;
  context().device = {DeviceType::sim, 0};
  poison_fresh_memory(true);
  const kernels::VariantKernels& v = kernels::sim::variants();
  int winograd = 0;
  while (std::string(v.tile_name(winograd)) != "winograd") ++winograd;
  for (const Padding border : {Padding::zero, Padding::reflect}) {
    Penalty p(border);
    ConvolutionRecord record;
    p.compute();
    const Values plain = p.values();
    int roles[3] = {};
    for (const UsedConvolution& u : record.all()) {
      ASSERT_TRUE(v.prefer(u.role, u.problem, {winograd, 1}));
      ++roles[static_cast<int>(u.role)];
    }
    for (const int count : roles) EXPECT_GT(count, 0);
    p.compute();
    const Values eager = p.values();
    EXPECT_NE(eager, plain);
    for (size_t i = 0; i < plain.size(); ++i) EXPECT_LE(relative_error(eager[i], plain[i]), 5e-5) << i;
    Unit unit;
    const std::vector<float> first = p.x.to_floats(), other = numbers(p.x.count(), 9);
    for (int run = 0; run < 6; ++run) {
      // Other pictures in between: a replay computes afresh.
      assign(p.x, tensor(run == 4 ? other : first, p.x.shape(), DType::f32, p.x.device()));
      unit.run([&] { p.compute(); });
      EXPECT_EQ(p.values() == eager, run != 4) << run;
    }
    EXPECT_TRUE(unit.captured());
    v.forget();
  }
  poison_fresh_memory(false);
}

}  // namespace
}  // namespace ganymede
