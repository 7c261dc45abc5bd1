// Every function of every model, written as an ONNX file, read by ONNX's checker and computed by plain loops, gives what the engine gives for other
// inputs than it was recorded with.
#include "gan/exported.h"

#include <gtest/gtest.h>

#include "engine/ops.h"
#include "tests/gan/every_model.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/onnx_evaluator.h"

namespace ganymede::test {
namespace {

// [N, H, W, C] as the graph has it.
Tensor planes(const Tensor& x) { return x.shape().rank() == 4 ? permute(x, {0, 3, 1, 2}) : x; }

Array array_of(const Tensor& x) {
  Array a{{x.shape().begin(), x.shape().end()}, {}};
  if (x.dtype() == DType::i64)
    for (const int64_t v : x.to_integers()) a.values.push_back(double(v));
  else a.values = planes(x).to_doubles();
  if (x.shape().rank() == 4) {
    const Shape s = planes(x).shape();
    a.shape.assign(s.begin(), s.end());
  }
  return a;
}

class Exported : public testing::TestWithParam<std::string> {};

TEST_P(Exported, ComputesWhatTheEngineDoes) {
  // Noise of the network's own would differ: here it has none (the test below is of that).
  std::map<std::string, std::string> quiet;
  if (GetParam() == "pix2pix" || GetParam() == "dualgan") quiet["dropout"] = "0";
  if (GetParam() == "stackgan") quiet["conditioning"] = "fixed";
  Tiny model({.model = GetParam(), .settings = quiet});
  for (int i = 0; i < 2; ++i) model->step();
  const Recipe& recipe = model->recipe();
  const std::vector<ExportedFunction> functions = exported_functions(recipe);
  // A pyramid of noises, clips, a pass for each pixel and a walk have none yet.
  EXPECT_EQ(functions.empty(), GetParam() == "singan" || GetParam() == "vespcn" || GetParam() == "pixelcnn" || GetParam() == "ppgn");
  for (const ExportedFunction& f : functions) {
    SCOPED_TRACE(f.name);
    const ExportOptions options{.function = f.name, .batch = 2};
    const onnx_graph::Graph graph = export_graph(*model, model.config(), options);
    // StackGAN++ and AttnGAN always draw c, from a normal that the caption gives.
    if (GetParam() == "stackgan-pp" || GetParam() == "attngan") {
      EXPECT_NE(graph.bytes("", {}).find("RandomNormal"), std::string::npos);
      continue;
    }
    std::map<std::string, Array> inputs;
    std::vector<onnx_graph::NamedTensor> expected;
    model->sampling(7, [&] {
      const ExportCase c = export_case(recipe, model.config(), options);
      for (const auto& in : c.inputs) {
        if (in.value.dtype() == DType::i64) assign(in.value, tensor(std::vector<int64_t>(size_t(in.value.count()), 1), in.value.shape(), in.value.device()));
        inputs[in.name] = array_of(in.value);
      }
      expected = c.run();
    });
    const auto found = evaluate_onnx(graph.bytes("", {}), inputs);
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& e : expected) {
      const Array want = array_of(e.value), &got = found.at(e.name);
      ASSERT_EQ(got.shape, want.shape);
      double worst = 0, largest = 0;
      for (size_t i = 0; i < want.values.size(); ++i) worst = std::max(worst, std::abs(got.values[i] - want.values[i])), largest = std::max(largest, std::abs(want.values[i]));
      EXPECT_LT(worst, 1e-4 * largest + 3e-7) << e.name;
    }
  }
}

TEST(ExportedNoise, IsDrawnByTheGraph) {
  Tiny model({.model = "pix2pix"});
  const std::string file = export_graph(*model, model.config(), {.function = "translate"}).bytes("", {});
  EXPECT_NE(file.find("RandomUniform"), std::string::npos);
}

TEST(ExportedSizes, AreRefusedOrTaken) {
  Tiny model({.model = "pix2pix"});
  const auto shape = [&](const ExportOptions& o) {
    const ExportCase c = export_case(model->recipe(), model.config(), o);
    return c.inputs.at(0).value.shape();
  };
  EXPECT_EQ(shape({.function = "translate", .batch = 3, .height = 32, .width = 64}), (Shape{3, 32, 64, 1}));
  EXPECT_EQ(shape({.function = "translate", .height = 32}), (Shape{1, 32, 32, 1}));
  EXPECT_THROW(shape({.function = "translate", .height = 33}), UsageError);
  EXPECT_THROW(shape({.function = "encode"}), UsageError);
}

INSTANTIATE_TEST_SUITE_P(Models, Exported, testing::ValuesIn(model_ids()), model_name);

}  // namespace
}  // namespace ganymede::test
