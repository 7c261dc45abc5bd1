// The recipe dcgan, driven by the trainer, against two iterations of an independent PyTorch program.
#include <gtest/gtest.h>

#include "engine/context.h"
#include "gan/models.h"
#include "gan/trainer.h"
#include "tests/gan/update_reference.h"

namespace ganymede {
namespace {

struct Bounds {
  double loss, gradient, step;
};

Tensor state_of(const Trainer& trainer, const std::string& name) {
  for (const nn::NamedTensor& t : trainer.state())
    if (t.name == name) return t.value;
  ADD_FAILURE() << "no " << name;
  return {};
}

void agree(const Device& device, DType dtype, const Bounds& bounds) {
  ContextScope scope;
  context().device = device, context().dtype = dtype, context().precision = Precision::f32;
  const test::UpdateReference reference("dcgan_update");
  DataFacts facts;
  facts.size = 32, facts.channels = 1;
  Recipe recipe = dcgan(Config(facts, {{"width", "8"}, {"latent", "10"}}));
  const nn::Net g = recipe.nets[0], d = recipe.nets[1];
  ASSERT_EQ(g.name() + d.name(), "GD");
  for (const nn::Net& net : {g, d}) reference.load("initial", net);
  // The same noise as the reference's instead of the recipe's own draw.
  ASSERT_EQ(recipe.stages[0].shared_values.size(), 1u);
  recipe.stages[0].shared_values[0].state->compute = [g](const Batch& x) { return g(x["noise"]); };

  Trainer trainer(recipe, {.batch = 4}, {{"image", {32, 32, 1}}, {"noise", {10}}}, nullptr);
  test::UpdateWatch watch_d(d, state_of(trainer, "optimizer.D.D.m"), 0.5),
      watch_g(g, state_of(trainer, "optimizer.G.G.m"), 0.5);
  for (const std::string k : {"0", "1"}) {
    reference.load(k + ".x", trainer.batch()["image"]);
    reference.load(k + ".z", trainer.batch()["noise"]);
    trainer.step();
    watch_d.note(), watch_g.note();
    for (const auto& [name, value] : trainer.values()) {
      if (name != "D/adv" && name != "G/adv") continue;
      EXPECT_NEAR(value, reference.loss(k + "." + name[0] + ".loss"), bounds.loss) << k << name;
    }
    EXPECT_LT(test::difference(reference, k + ".D", "grad", d, watch_d.gradients()), bounds.gradient) << k;
    EXPECT_LT(test::difference(reference, k + ".G", "grad", g, watch_g.gradients()), bounds.gradient) << k;
    EXPECT_LT(test::difference(reference, k + ".D", "step", d, watch_d.steps()), bounds.step) << k;
    EXPECT_LT(test::difference(reference, k + ".G", "step", g, watch_g.steps()), bounds.step) << k;
    for (const nn::Net& net : {g, d})
      for (const nn::NamedTensor& b : net.buffers()) {
        const auto expected = reference.values(k + ".after." + net.name() + "." + b.name),
                   got = b.value.to_doubles();
        for (size_t i = 0; i < got.size(); ++i)
          EXPECT_NEAR(got[i], expected[i], bounds.loss) << k << net.name() << b.name;
      }
  }
}

// The reference is stored in float32: 3e-8.
TEST(DcganUpdate, AgreesWithPyTorchInF64) { agree(Device{}, DType::f64, {1e-7, 1e-7, 1e-7}); }

// Steps of Adam are the signs of gradients at first, so small gradients decide: looser.
TEST(DcganUpdate, AgreesWithPyTorchInF32) { agree(Device{}, DType::f32, {1e-6, 1e-5, 1e-3}); }

TEST(DcganUpdate, AgreesWithPyTorchOnSim) {
  agree(Device{DeviceType::sim, 0}, DType::f32, {1e-6, 1e-5, 1e-3});
}

}  // namespace
}  // namespace ganymede
