// Networks in files: what is saved comes back, and what does not fit is refused as a whole.
#include "nn/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "nn/layers.h"
#include "tests/support/gradcheck.h"

namespace ganymede::nn {
namespace {

class NetFile : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  static Net net(const char* name, int width) { return Net(name, sequential({conv(3, width, {.padding = 1, .spectral = true}), batch_norm(width), relu()})); }
  std::string error_of(const Net& n, const std::string& prefix = "") {
    try {
      load(n, SafetensorsFile::read(path_), prefix);
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  }
  ContextScope scope_;
  std::string path_ = testing::TempDir() + "ganymede_net_" + std::to_string(getpid()) + ".safetensors";
};

TEST_F(NetFile, ParametersAndBuffersComeBackOnEveryDeviceAndInEveryDtype) {
  seed_parameters(1);
  const Net saved = net("D", 4);
  const Tensor x = test::random_tensor({2, 3, 3, 3}, 5);
  {
    const Moving moving({saved});
    saved(cast(x, DType::f32).constant());  // running statistics that are not those of a new network
  }
  save(saved, path_, {{"note", "kept"}});
  EXPECT_EQ(SafetensorsFile::read(path_).metadata().at("note"), "kept");
  context().training = false;
  const auto want = saved(cast(x, DType::f32).constant()).to_doubles();
  for (const auto& [device, dtype] : {std::pair{DeviceType::cpu, DType::f32}, {DeviceType::sim, DType::f32}, {DeviceType::cpu, DType::f64}}) {
    context().device = {device, 0}, context().dtype = dtype;
    const Net loaded = net("D", 4);
    load(loaded, SafetensorsFile::read(path_));
    EXPECT_LE(test::relative_error(loaded(to_device(cast(x, dtype).constant(), context().device)).to_doubles(), want), 1e-6);
  }
}

TEST_F(NetFile, WhatDoesNotFitIsRefusedAndChangesNothing) {
  save(net("D", 4), path_);
  const Net wide = net("D", 5), linear_net("D", sequential({linear(2, 2)})), other("D", sequential({conv(3, 4, {.padding = 1})}));
  const auto before = wide.flat().to_doubles();
  EXPECT_NE(error_of(wide).find(path_ + ": conv1.weight has shape [4, 3, 3, 3], the network needs [5, 3, 3, 3]"), std::string::npos) << error_of(wide);
  EXPECT_EQ(wide.flat().to_doubles(), before);
  EXPECT_NE(error_of(linear_net).find("no tensor \"linear1.weight\""), std::string::npos) << error_of(linear_net);
  EXPECT_NE(error_of(other).find("belongs to nothing in D"), std::string::npos) << error_of(other);
  EXPECT_NE(error_of(wide, "D.").find("no tensor \"D.conv1.weight\""), std::string::npos);
}

}  // namespace
}  // namespace ganymede::nn
