// Every function of every model, written as an ONNX file, read by ONNX's checker and computed by plain loops, gives what the engine gives for other
// inputs than it was recorded with.
#include "gan/exported.h"

#include <gtest/gtest.h>

#include "tests/gan/every_model.h"
#include "tests/gan/exported_check.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

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
    EXPECT_EQ(difference_of_exported(model, f.name), "");
    // StackGAN++ and AttnGAN always draw c, from a normal that the caption gives.
    const bool draws = export_graph(*model, model.config(), {.function = f.name}).bytes("", {}).find("Random") != std::string::npos;
    EXPECT_EQ(draws, GetParam() == "stackgan-pp" || GetParam() == "attngan") << f.name;
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
