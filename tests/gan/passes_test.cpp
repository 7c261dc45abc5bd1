// Networks by label judge real and generated pictures in one pass: the same as in passes of their own.
#include <gtest/gtest.h>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/nets/acgan.h"
#include "gan/nets/cgan.h"
#include "gan/nets/sagan.h"
#include "nn/init.h"
#include "nn/net.h"
#include "tests/support/gradcheck.h"

namespace ganymede {
namespace {

constexpr int kPassSide = 16, kChannels = 2, kClasses = 3, kSamples = 4;

Tensor labels(const std::vector<int64_t>& values) { return tensor(values, {kSamples}, Device{}); }

// Outputs of both batches, the parameters' gradient of a sum in which they count differently, and running statistics.
std::vector<std::vector<double>> outcome(const nn::Net& net, const std::vector<Tensors>& batches, bool together) {
  const nn::Moving moving({net});
  std::vector<Tensors> ys;
  if (together) ys = net.each(batches);
  else for (const Tensors& b : batches) ys.push_back(net(b));
  const Tensors gradients = grad({sum(square(ys[0][0])), sum(exp(ys[1][0]))}, net.leaves(), {}, Record::off);
  std::vector<std::vector<double>> all;
  for (const Tensors& y : ys) all.push_back(y[0].to_doubles());
  for (const Tensor& g : gradients) all.push_back(g ? g.to_doubles() : std::vector<double>{});
  for (const nn::NamedTensor& b : net.buffers()) all.push_back(b.value.to_doubles());
  return all;
}

TEST(Passes, OfSeveralBatchesAreAsOneForEach) {
  ContextScope scope;
  context().dtype = DType::f64;
  const nets::AcganSize points{.classes = kClasses, .kind = "points", .dimensions = 5, .d_width = 6};
  const std::vector<std::pair<const char*, std::function<nn::Layer()>>> makers{
      {"sagan", [] { return nets::sagan_discriminator({.size = kPassSide, .channels = kChannels, .classes = kClasses, .width = 8, .attention = 8}); }},
      {"cgan", [] { return nets::cgan_conv_discriminator({.size = kPassSide, .channels = kChannels, .classes = kClasses, .width = 4}); }},
      {"acgan", [&] { return nets::acgan_discriminator(points); }}};
  for (const auto& [name, make] : makers) {
    const auto made = [&] {
      nn::seed_parameters(7);
      seed(7);
      return nn::Net("D", make());
    };
    const bool by_label = std::string(name) != "acgan";
    const Shape shape = by_label ? Shape{kSamples, kPassSide, kPassSide, kChannels} : Shape{kSamples, points.dimensions};
    const Tensor real = test::random_tensor(shape, 1), fake = test::random_tensor(shape, 2) + 0.5;
    const std::vector<Tensors> batches = by_label ? std::vector<Tensors>{{real, labels({0, 2, 1, 1})}, {fake, labels({2, 2, 0, 1})}} : std::vector<Tensors>{{real}, {fake}};
    const nn::Net one = made(), two = made();
    ASSERT_TRUE(one.module().batches_pass_together()) << name;
    const auto together = outcome(one, batches, true), apart = outcome(two, batches, false);
    ASSERT_EQ(together.size(), apart.size()) << name;
    for (size_t i = 0; i < apart.size(); ++i) EXPECT_LE(test::relative_error(together[i], apart[i]), 1e-10) << name << ", tensor " << i;
  }
}

// Noise is drawn for each picture, so a network that draws it takes its batches one by one.
TEST(Passes, WithNoiseAreOneForEach) {
  EXPECT_FALSE(nets::acgan_discriminator({.classes = kClasses, .kind = "mnist", .noise = 0.1})->batches_pass_together());
}

}  // namespace
}  // namespace ganymede
