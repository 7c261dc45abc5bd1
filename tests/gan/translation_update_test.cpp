// pix2pix, CycleGAN and BicycleGAN, driven by the trainer, against two iterations of independent PyTorch programs.
#include <gtest/gtest.h>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/trainer.h"
#include "tests/gan/update_reference.h"

namespace ganymede {
namespace {

struct GradientBounds {
  double loss, gradient, step;
};
constexpr GradientBounds kExact{1e-7, 2e-7, 2e-7};   // the reference is stored in float32: 3e-8
// Adam's first steps are signs of gradients: where a gradient cancels (in front of an instance norm), rounding takes whole steps.
constexpr GradientBounds kSingle{1e-5, 1e-3, 0.3};

struct Case {
  std::string model;
  std::map<std::string, std::string> settings;
  int64_t in, out, batch;
  std::vector<std::pair<std::string, std::string>> moved;  // update, network
};

const Case kPix2pix{"pix2pix", {{"width", "2"}, {"dropout", "0"}}, 1, 3, 2, {{"D", "D"}, {"G", "G"}}};
const Case kCycleGan{"cyclegan", {{"width", "2"}, {"blocks", "1"}, {"pool", "0"}, {"d_layers", "1"}, {"constant_part", "1"}}, 1, 1, 1,
                     {{"generators", "G"}, {"generators", "F"}, {"D_Y", "D_Y"}, {"D_X", "D_X"}}};

const Case kBicycleGan{"bicyclegan", {{"width", "2"}, {"latent", "2"}, {"dropout", "0"}, {"d_layers", "1"}, {"constant_part", "1"}}, 1, 1, 2,
                       {{"generator", "G"}, {"generator", "E"}, {"D", "D"}, {"D2", "D2"}}};

void agree(const Case& c, const Device& device, DType dtype, const GradientBounds& bounds) {
  ContextScope scope;
  context().device = device, context().dtype = dtype, context().precision = Precision::f32;
  const test::UpdateReference reference(c.model + "_update");
  DataFacts facts;
  facts.size = facts.width = 16, facts.input_channels = c.in, facts.channels = c.out;
  Config config(facts, c.settings);
  config.batch = c.batch;
  const Recipe recipe = find_model(c.model).recipe(config);
  for (const nn::Net& net : recipe.nets)
    for (const nn::NamedTensor& p : net.parameters()) reference.load("initial." + net.name() + "." + p.name, p.value);
  // The reference's noise instead of the recipe's own draws.
  std::map<std::string, Tensor> noise;
  for (const SharedValue& s : recipe.stages[0].shared_values)
    if (const std::string& name = s.state->name; name == "z" || name == "eps") {
      const Tensor value = noise[name] = zeros({c.batch / 2, 2});
      s.state->compute = [value](const Batch&) { return value * 1.0; };
    }
  Trainer trainer(recipe, {.batch = c.batch}, {{"a", {16, 16, c.in}}, {"b", {16, 16, c.out}}}, nullptr);
  std::vector<test::UpdateWatch> watches;
  const auto net_of = [&](const std::string& name) {
    for (const nn::Net& n : recipe.nets)
      if (n.name() == name) return n;
    ADD_FAILURE() << "no network " << name;
    return nn::Net{};
  };
  for (const auto& [update, net] : c.moved)
    for (const nn::NamedTensor& t : trainer.state())
      if (t.name == "optimizer." + update + "." + net + ".m") watches.emplace_back(net_of(net), t.value, 0.5);
  ASSERT_EQ(watches.size(), c.moved.size());
  for (const std::string k : {"0", "1"}) {
    reference.load(k + ".a", trainer.batch()["a"]);
    reference.load(k + ".b", trainer.batch()["b"]);
    for (const auto& [name, value] : noise) reference.load(k + "." + name, value);
    trainer.step();
    std::map<std::string, double> losses;
    const auto& updates = trainer.recipe().stages[0].updates;
    for (size_t u = 0; u < updates.size(); ++u)
      for (const Term& t : trainer.terms(u))
        if (!t.shown) losses[updates[u].name] += t.value.item();
    for (const auto& [name, value] : losses) EXPECT_NEAR(value, reference.loss(k + "." + name + ".loss"), bounds.loss * std::max(1.0, value)) << k << name;
    for (size_t i = 0; i < watches.size(); ++i) {
      const std::string& net = c.moved[i].second;
      watches[i].note();
      EXPECT_LT(test::difference(reference, k + "." + net, "grad", net_of(net), watches[i].gradients()), bounds.gradient) << k << net;
      if (reference.contains(k + "." + net + ".step." + net_of(net).parameters()[0].name))
        EXPECT_LT(test::difference(reference, k + "." + net, "step", net_of(net), watches[i].steps()), bounds.step) << k << net;
    }
  }
}

TEST(Pix2pixUpdate, AgreesWithPyTorchInF64) { agree(kPix2pix, Device{}, DType::f64, kExact); }
TEST(Pix2pixUpdate, AgreesWithPyTorchInF32) { agree(kPix2pix, Device{}, DType::f32, kSingle); }
TEST(CycleGanUpdate, AgreesWithPyTorchInF64) { agree(kCycleGan, Device{}, DType::f64, kExact); }
TEST(CycleGanUpdate, AgreesWithPyTorchInF32) { agree(kCycleGan, Device{}, DType::f32, kSingle); }

TEST(BicycleGanUpdate, AgreesWithPyTorchInF64) { agree(kBicycleGan, Device{}, DType::f64, kExact); }
TEST(BicycleGanUpdate, AgreesWithPyTorchInF32) { agree(kBicycleGan, Device{}, DType::f32, kSingle); }

}  // namespace
}  // namespace ganymede
