// The recipe of SinGAN, driven by the trainer over two scales, against an independent PyTorch program.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/context.h"
#include "gan/data/dataset.h"
#include "gan/singan/recipe.h"
#include "gan/trainer.h"
#include "tests/gan/update_reference.h"

namespace ganymede::singan {
namespace {

constexpr int64_t kHeight = 16, kWidth = 18;

// Relative norm of the difference of all tensors below a prefix.
class Difference {
 public:
  void add(const std::vector<double>& got, const std::vector<double>& expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) error_ += (got[i] - expected[i]) * (got[i] - expected[i]), norm_ += expected[i] * expected[i];
  }
  double relative() const { return std::sqrt(error_ / norm_); }

 private:
  double error_ = 0, norm_ = 0;
};

void agree(const Device& device, DType dtype, double loss_bound, double moment_bound, double weight_bound) {
  ContextScope scope;
  context().device = device, context().dtype = dtype, context().precision = Precision::f32;
  const test::UpdateReference reference("singan_update");
  DataFacts facts;
  facts.size = kHeight, facts.width = kWidth, facts.channels = 3, facts.count = 1;
  facts.read = [&](const std::vector<int64_t>&) {
    data::HostBatch host({{"image", {kHeight, kWidth, 3}, data::Kind::real}}, 1);
    const auto v = reference.values("picture");
    std::copy(v.begin(), v.end(), host.real(0, 0).begin());
    return host;
  };
  int next = 0;
  Draws draws;
  draws.normal = draws.uniform = [&](const Shape& shape) { return tensor(reference.values(text("draws.", next++)), shape, dtype, device); };
  Recipe recipe = singan::recipe(Config(facts, {{"width", "3"}, {"min_size", "12"}, {"iterations", "2"}, {"critic_steps", "2"}, {"generator_steps", "2"}, {"decay_at", "100"}}), draws);
  ASSERT_EQ(recipe.stages.size(), 3u);
  std::map<std::string, nn::Net> nets;
  for (const nn::Net& n : recipe.nets) nets[n.name()] = n;
  for (const char* name : {"G0", "D0", "G1", "D1"}) reference.load("initial", nets[name]);

  Trainer trainer(recipe, {.batch = 1, .capture = false}, {}, nullptr);
  for (const std::string s : {"0", "1"})
    for (const std::string k : {"0", "1"}) {
      trainer.step();
      const std::string at = s + "." + k + ".";
      for (const auto& [name, value] : trainer.values())
        if (name == "D/adv" || name == "D/gp" || name == "G/adv" || name == "G/rec") EXPECT_NEAR(value, reference.loss(at + name[0] + "." + name.substr(2)), loss_bound) << at << name;
      for (const std::string u : {"G", "D"}) {
        const nn::Net& net = nets[u + s];
        Tensor moment;
        for (const nn::NamedTensor& t : trainer.state())
          if (t.name == "optimizer." + u + "." + net.name() + ".m") moment = t.value;
        ASSERT_TRUE(moment.defined());
        Difference m, w;
        for (size_t i = 0; i < net.parameters().size(); ++i) {
          m.add(net.slice_of(moment, i).to_doubles(), reference.values(at + "m." + net.name() + "." + net.parameters()[i].name));
          w.add(net.parameters()[i].value.to_doubles(), reference.values(at + net.name() + "." + net.parameters()[i].name));
        }
        for (const nn::NamedTensor& b : net.buffers()) w.add(b.value.to_doubles(), reference.values(at + net.name() + "." + b.name));
        EXPECT_LT(m.relative(), moment_bound) << at << net.name();
        EXPECT_LT(w.relative(), weight_bound) << at << net.name();
      }
    }
  for (const nn::NamedTensor& k : recipe.kept)
    if (k.name == "amp1" || k.name == "before1") {
      Difference d;
      d.add(k.value.to_doubles(), reference.values(k.name));
      EXPECT_LT(d.relative(), moment_bound) << k.name;
    }
  EXPECT_FALSE(reference.contains(text("draws.", next)));  // every draw was used
}

// The reference is stored in float32: 3e-8.
TEST(SinganUpdate, AgreesWithPyTorchInF64) { agree(Device{}, DType::f64, 1e-7, 1e-7, 1e-7); }
TEST(SinganUpdate, AgreesWithPyTorchInF32) { agree(Device{}, DType::f32, 1e-5, 1e-3, 1e-4); }

}  // namespace
}  // namespace ganymede::singan
