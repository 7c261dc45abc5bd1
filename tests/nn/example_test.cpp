// The worked example of docs/add_a_layer.md.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "docs/examples/gated_linear.h"
#include "nn/file.h"
#include "nn/net.h"
#include "tests/support/gradcheck.h"

namespace ganymede::nn {
namespace {

class Example : public testing::Test {
 protected:
  void SetUp() override {
    context().dtype = DType::f64;
    seed_parameters(1);
  }
 private:
  ContextScope scope_;
};

TEST_F(Example, GatedLinearMatchesItsFormula) {
  const Net net("G", gated_linear(3, 2));
  const Tensor x = test::random_tensor({4, 3}, 2);
  const auto y = net(x).to_doubles(), v = x.to_doubles();
  const auto value = [&](size_t parameter, size_t i) { return net.parameters()[parameter].value.to_doubles()[i]; };
  for (size_t n = 0; n < 4; ++n)
    for (size_t k = 0; k < 2; ++k) {
      double a = value(1, k), b = value(3, k);
      for (size_t c = 0; c < 3; ++c) a += v[n * 3 + c] * value(0, k * 3 + c), b += v[n * 3 + c] * value(2, k * 3 + c);
      EXPECT_NEAR(y[n * 2 + k], a / (1 + std::exp(-b)), 1e-14);
    }
}

TEST_F(Example, GatedLinearIsNamedMovedAndDifferentiable) {
  const Net net("G", sequential({gated_linear(3, 5), gated_linear(5, 2)}));
  std::vector<std::string> names;
  for (const auto& p : net.parameters()) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"gated1.weight", "gated1.bias", "gated1.gate_weight", "gated1.gate_bias",
                                             "gated2.weight", "gated2.bias", "gated2.gate_weight", "gated2.gate_bias"}));
  const Moving moving({net});
  const auto gradients = grad(Tensors{sum(net(test::random_tensor({4, 3}, 2)))}, net.leaves(), {}, Record::off);
  for (size_t i = 0; i < gradients.size(); ++i) EXPECT_GT(norm(gradients[i]).item(), 0) << names[i];
  EXPECT_EQ(test::gradgradcheck([&](const Tensors& in) { return Tensors{net(in[0])}; }, {test::random_tensor({4, 3}, 3)}), "");
}

TEST_F(Example, GatedLinearComesBackFromAFile) {
  const std::string path = testing::TempDir() + "gated_linear_" + std::to_string(getpid()) + ".safetensors";
  const Net saved("G", gated_linear(3, 2)), loaded("G", gated_linear(3, 2));
  save(saved, path);
  const Tensor x = test::random_tensor({4, 3}, 2);
  EXPECT_NE(loaded(x).to_doubles(), saved(x).to_doubles());
  load(loaded, SafetensorsFile::read(path));
  EXPECT_EQ(loaded(x).to_doubles(), saved(x).to_doubles());
  std::remove(path.c_str());
}

}  // namespace
}  // namespace ganymede::nn
