// The runner must notice whatever can be wrong with an engine: here the reference is damaged instead.
#include "tests/conformance/check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "engine/check.h"
#include "tests/conformance/operations.h"
#include "tests/support/places.h"

namespace ganymede::conformance {
namespace {

const std::string kCases = test::source_dir() + "/tests/conformance/cases/";

Case conv() { return read_case(kCases + "conv2d/k4_stride2_pad1_odd.safetensors"); }

// Names of the tensors that were out of bounds.
std::vector<std::string> wrong(const Case& c) {
  std::vector<std::string> names;
  for (const Measured& m : check(c, {Device{}, Arithmetic::f32}))
    if (!m.ok()) names.push_back(m.tensor);
  return names;
}

using Names = std::vector<std::string>;

TEST(ConformanceRunner, MeasuresEveryTensorOfTheReference) {
  const Case c = conv();
  size_t results = 0;
  for (const auto& [name, array] : c.others) results += name.rfind("cot", 0) != 0;
  const auto measured = check(c, {Device{}, Arithmetic::f32});
  EXPECT_GE(measured.size(), results);
  for (const auto& [name, array] : c.others) {
    const bool there =
        std::any_of(measured.begin(), measured.end(), [&](const Measured& m) { return m.tensor == name; });
    EXPECT_EQ(there, name.rfind("cot", 0) != 0) << name;
  }
  EXPECT_EQ(wrong(c), Names{});
}

TEST(ConformanceRunner, NoticesOneWrongElementInAnyTensor) {
  const Case good = conv();
  for (const auto& [name, array] : good.others) {
    if (name.rfind("cot", 0) == 0) continue;
    Case bad = conv();
    bad.others[name].values[array.values.size() / 2] += 1e-2 * array.norm();
    EXPECT_EQ(wrong(bad), Names{name});
  }
}

TEST(ConformanceRunner, NoticesSwappedPixels) {
  Case bad = conv();
  auto& values = bad.others["grad.0"].values;
  std::swap(values[0], values[1]);
  EXPECT_EQ(wrong(bad), Names{"grad.0"});
}

TEST(ConformanceRunner, NoticesNan) {
  Case bad = conv();
  bad.inputs[0]->values[0] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(wrong(bad).empty());
}

// A gradient that the reference leaves out is zero.
TEST(ConformanceRunner, NoticesAGradientThatShouldNotBe) {
  Case bad = conv();
  bad.others.erase("grad.1");
  const Names names = wrong(bad);
  EXPECT_NE(std::find(names.begin(), names.end(), "grad.1"), names.end());
  Case second = conv();
  second.others.erase("grad2.0");
  EXPECT_EQ(wrong(second), Names{"grad2.0"});
}

TEST(ConformanceRunner, NoticesAGradientThatTheEngineTakesAsConstant) {
  Case bad = read_case(kCases + "spectral_norm/matrix.safetensors");
  EXPECT_EQ(wrong(bad), Names{});
  bad.others["grad.1"] = *bad.inputs[1];
  EXPECT_THROW(wrong(bad), Error);
}

TEST(ConformanceRunner, NoticesAnotherShape) {
  Case bad = conv();
  std::swap(bad.others["out.0"].shape[2], bad.others["out.0"].shape[3]);
  EXPECT_THROW(wrong(bad), Error);
}

TEST(ConformanceRunner, NoticesALeftOutAttribute) {
  Case bad = conv();
  bad.attributes = Attributes(nlohmann::json{{"stride", 2}});
  EXPECT_THROW(wrong(bad), Error);  // another shape
  Case slope = read_case(kCases + "leaky_relu/slope.safetensors");
  slope.attributes = Attributes();
  EXPECT_NE(wrong(slope), Names{});
}

TEST(ConformanceRunner, UnknownThingsAreUnsupported) {
  Case c = conv();
  c.op = "conv3d";
  EXPECT_THROW(wrong(c), Unsupported);
  c = conv();
  c.attributes = Attributes(nlohmann::json{{"stride", 2}, {"padding", 1}, {"padding_mode", "circular"}});
  EXPECT_THROW(wrong(c), Unsupported);
  c = conv();
  c.inputs.push_back(c.inputs[1]);
  c.inputs.push_back(c.inputs[1]);
  EXPECT_THROW(wrong(c), Unsupported);
}

TEST(ConformanceRunner, LayoutsGoThereAndBack) {
  Array x{{2, 3, 2, 5}, false, {}, {}};
  for (int i = 0; i < 60; ++i) x.values.push_back(i);
  const Array y = channels_last(x);
  EXPECT_EQ(y.shape, (std::vector<int64_t>{2, 2, 5, 3}));
  EXPECT_EQ(y.values[((1 * 2 + 1) * 5 + 4) * 3 + 2], x.values[((1 * 3 + 2) * 2 + 1) * 5 + 4]);
  EXPECT_EQ(y.values[(0 * 5 + 3) * 3 + 1], x.values[(1 * 2 + 0) * 5 + 3]);
  EXPECT_EQ(channels_first(y).values, x.values);
  EXPECT_EQ(channels_first(y).shape, x.shape);
}

TEST(ConformanceRunner, EveryOperationHasACaseOfItsOwn) {
  for (const auto& [name, op] : operations())
    EXPECT_TRUE(std::filesystem::is_directory(kCases + name)) << name;
}

}  // namespace
}  // namespace ganymede::conformance
