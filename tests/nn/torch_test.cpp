// A state dict of PyTorch gives the same network here, and comes back as it was.
#include "nn/torch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "engine/check.h"
#include "engine/context.h"
#include "nn/blocks.h"
#include "tests/support/gradcheck.h"
#include "tests/support/places.h"

namespace ganymede::nn {
namespace {

const std::string kFile = test::source_dir() + "/tests/cases/torch_state.safetensors";

// The network of tests/cases/torch_state.py.
Layer torch_layers() {
  return sequential({linear(5, 24), batch_norm(24), reshape_to({3, 2, 4}), batch_norm(4), prelu(4),
                     deconv(4, 6, {.kernel = 4, .stride = 2, .padding = 1, .spectral = true}), leaky_relu(0.2),
                     conv(6, 8, {.kernel = 3, .padding = 1, .groups = 2, .bias = false, .spectral = true}), tanh(), reshape_to({8 * 6 * 4}),
                     linear(8 * 6 * 4, 3, true, init::dcgan(), init::zero(), true)});
}

TorchNames names() {
  return {.prefix = "net.",
          .layers = {{"linear1", "0"}, {"norm1", "1"}, {"norm2", "3"}, {"prelu1", "4"}, {"deconv1", "5"}, {"conv1", "7"}, {"linear2", "10"}},
          .from_picture = {{"linear2", {6, 4, 8}}},
          .to_picture = {{"linear1", {3, 2, 4}}, {"norm1", {3, 2, 4}}}};
}

Tensor stored(const SafetensorsFile& file, const std::string& name) {
  const RawTensor& t = file.at(name);
  std::vector<double> v(t.bytes / 8);
  std::memcpy(v.data(), t.data, t.bytes);
  return tensor(v, Shape(t.shape), DType::f64, Device{});
}

class Torch : public testing::Test {
 protected:
  void SetUp() override { context().dtype = DType::f64, context().training = false; }
  std::string error_of(const Net& net, const TorchNames& n) {
    try {
      read_torch(net, file_, n);
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  }
  ContextScope scope_;
  SafetensorsFile file_ = SafetensorsFile::read(kFile);
};

TEST_F(Torch, AStateDictGivesTheSameNetwork) {
  const Net net("G", torch_layers());
  read_torch(net, file_, names());
  EXPECT_LE(test::relative_error(net(stored(file_, "x")).to_doubles(), stored(file_, "y").to_doubles()), 1e-12);
}

TEST_F(Torch, WhatIsWrittenIsWhatWasRead) {
  const Net net("G", torch_layers());
  read_torch(net, file_, names());
  const std::string path = testing::TempDir() + "ganymede_torch_" + std::to_string(getpid()) + ".safetensors";
  write_torch(net, path, names());
  const SafetensorsFile back = SafetensorsFile::read(path);
  std::filesystem::remove(path);
  size_t compared = 0;
  for (const std::string& name : file_.names()) {
    if (!name.starts_with("net.")) continue;
    ASSERT_TRUE(back.contains(name)) << name;
    const RawTensor &a = file_.at(name), &b = back.at(name);
    EXPECT_EQ(a.shape, b.shape) << name;
    ASSERT_EQ(a.bytes, b.bytes) << name;
    if (!name.ends_with("num_batches_tracked")) EXPECT_EQ(std::memcmp(a.data, b.data, a.bytes), 0) << name;
    ++compared;
  }
  EXPECT_EQ(back.names().size(), compared);
}

TEST_F(Torch, SaysWhatDoesNotFit) {
  const Net net("G", torch_layers());
  const auto before = net.flat().to_doubles();
  TorchNames wrong = names();
  wrong.layers["conv1"] = "8";
  EXPECT_NE(error_of(net, wrong).find("net.8.weight"), std::string::npos) << error_of(net, wrong);
  wrong = names(), wrong.prefix = "";
  EXPECT_NE(error_of(net, wrong).find("no tensor"), std::string::npos);
  wrong = names(), wrong.from_picture["linear2"] = {6, 4, 7};
  EXPECT_NE(error_of(net, wrong).find("does not fit a picture of [6, 4, 7]"), std::string::npos) << error_of(net, wrong);
  wrong = names(), wrong.from_picture["linear9"] = {6, 4, 8};
  EXPECT_NE(error_of(net, wrong).find("no layer linear9"), std::string::npos);
  const Net narrow("D", sequential({linear(5, 24)}));
  EXPECT_NE(error_of(narrow, {.prefix = "net.", .layers = {{"linear1", "0"}}}).find("belongs to nothing in D"), std::string::npos);
  const Net other("D", sequential({linear(6, 24)}));
  EXPECT_NE(error_of(other, {.prefix = "net.", .layers = {{"linear1", "0"}}}).find("has shape [24, 5], the network needs [24, 6]"), std::string::npos);
  EXPECT_EQ(net.flat().to_doubles(), before);
}

TEST_F(Torch, ConvertsShapesAndValuesOfPictures) {
  const Shape theirs{2, 3, 4, 5};
  EXPECT_EQ(shape_from_torch(theirs), (Shape{2, 4, 5, 3}));
  EXPECT_EQ(shape_to_torch(shape_from_torch(theirs)), theirs);
  const auto v = test::random_tensor(theirs, 4).to_doubles(), ours = values_from_torch(v, theirs);
  EXPECT_EQ(ours[1], v[20]);                 // pixel 0, channel 1
  EXPECT_EQ(ours[3 * 20 + 4], v[60 + 20 + 1]);  // sample 1, pixel 1, channel 1
  EXPECT_EQ(values_to_torch(ours, {2, 4, 5, 3}), v);
  EXPECT_THROW(values_from_torch(v, {2, 3, 4, 4}), Error);
}

}  // namespace
}  // namespace ganymede::nn
