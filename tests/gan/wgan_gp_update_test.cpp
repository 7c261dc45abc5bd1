// Critic steps with a gradient penalty, and the generator's, against an independent PyTorch program.
#include <gtest/gtest.h>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "nn/layers.h"
#include "nn/optim.h"
#include "tests/gan/update_reference.h"

namespace ganymede {
namespace {

constexpr int kChannelWidth = 4, kLatent = 10, kBatch = 3;

// The DCGAN-like pair of Gulrajani et al. 2017 for 32 x 32 x 1.
nn::Layer generator() {
  const nn::ConvSpec up{.kernel = 5, .stride = 2, .padding = 2, .output_padding = 1};
  return nn::sequential({nn::linear(kLatent, 16 * 4 * kChannelWidth), nn::batch_norm(16 * 4 * kChannelWidth), nn::relu(),
                         nn::reshape_to({4, 4, 4 * kChannelWidth}), nn::deconv(4 * kChannelWidth, 2 * kChannelWidth, up),
                         nn::batch_norm(2 * kChannelWidth), nn::relu(), nn::deconv(2 * kChannelWidth, kChannelWidth, up),
                         nn::batch_norm(kChannelWidth), nn::relu(), nn::deconv(kChannelWidth, 1, up), nn::tanh()});
}

nn::Layer critic() {
  const nn::ConvSpec down{.kernel = 5, .stride = 2, .padding = 2};
  return nn::sequential({nn::conv(1, kChannelWidth, down), nn::leaky_relu(0.2), nn::conv(kChannelWidth, 2 * kChannelWidth, down),
                         nn::leaky_relu(0.2), nn::conv(2 * kChannelWidth, 4 * kChannelWidth, down), nn::leaky_relu(0.2),
                         nn::reshape_to({16 * 4 * kChannelWidth}), nn::linear(16 * 4 * kChannelWidth, 1)});
}

// One network with its optimiser, moved by hand and compared.
class Player {
 public:
  Player(const test::UpdateReference& reference, const char* name, nn::Layer module)
      : reference_(reference),
        net(name, std::move(module)),
        stepper_((reference.load("initial", net), net), nn::adam(1e-4, 0.5, 0.9)),
        watch_(net, stepper_.state()[0].value, 0.5) {}

  // Moves the network down a loss; returns the larger of the errors of the gradients and, if they count, of
  // the steps.
  double move(const std::string& prefix, const std::function<Tensor()>& loss, double loss_bound,
              bool steps_count) {
    stepper_.prepare(steps_++);
    Tensors gradients;
    {
      nn::Moving moving({net});
      const Tensor value = loss();
      EXPECT_NEAR(value.item(), reference_.loss(prefix + ".loss"), loss_bound) << prefix;
      gradients = grad(Tensors{value}, net.leaves(), {}, Record::off);
    }
    stepper_.step(gradients);
    watch_.note();
    const double gradient = test::difference(reference_, prefix, "grad", net, watch_.gradients());
    const double step = test::difference(reference_, prefix, "step", net, watch_.steps());
    return steps_count ? std::max(gradient, step) : gradient;
  }

 private:
  const test::UpdateReference& reference_;

 public:
  nn::Net net;

 private:
  nn::Stepper stepper_;
  test::UpdateWatch watch_;
  int64_t steps_ = 0;
};

void agree(const Device& device, DType dtype, double loss_bound, double bound) {
  ContextScope scope;
  context().device = device, context().dtype = dtype, context().precision = Precision::f32;
  const test::UpdateReference reference("wgan_gp_update");
  Player g(reference, "G", generator()), d(reference, "D", critic());
  const auto read = [&](const std::string& name, const Shape& shape) {
    const Tensor t(shape, dtype, device);
    reference.load(name, t);
    return t;
  };
  const bool exact =
      dtype ==
      DType::f64;  // biases before a batch norm have no gradient but noise: their steps are no measure in f32
  for (const std::string k : {"0", "1"}) {
    for (const std::string j : {".0", ".1"}) {
      const Tensor x = read(k + j + ".x", {kBatch, 32, 32, 1}), a = read(k + j + ".a", {kBatch, 1, 1, 1});
      const Tensor y = g.net(read(k + j + ".z", {kBatch, kLatent})).constant();
      const auto loss = [&] {
        const Tensor penalty =
            penalty_at([&](const Tensor& p) { return d.net(p); }, add(y, mul(a, sub(x, y))));
        EXPECT_NEAR(penalty.item(), reference.loss(k + j + ".D.penalty"), loss_bound) << k << j;
        return adversarial("wgan-gp").d(d.net(x), d.net(y)) + 10.0 * penalty;
      };
      EXPECT_LT(d.move(k + j + ".D", loss, loss_bound, exact), bound) << k << j;
    }
    const Tensor z = read(k + ".z", {kBatch, kLatent});
    EXPECT_LT(g.move(
                  k + ".G", [&] { return adversarial("wgan-gp").g(d.net(g.net(z))); }, loss_bound, exact),
              bound)
        << k;
    for (const nn::NamedTensor& b : g.net.buffers()) {
      const auto expected = reference.values(k + ".after.G." + b.name), got = b.value.to_doubles();
      for (size_t i = 0; i < got.size(); ++i)
        EXPECT_NEAR(got[i], expected[i], loss_bound * 10) << k << b.name;
    }
  }
}

TEST(WganGpUpdate, AgreesWithPyTorchInF64) { agree(Device{}, DType::f64, 1e-7, 1e-7); }
TEST(WganGpUpdate, AgreesWithPyTorchInF32) { agree(Device{}, DType::f32, 1e-5, 1e-4); }
TEST(WganGpUpdate, AgreesWithPyTorchOnSim) { agree(Device{DeviceType::sim, 0}, DType::f32, 1e-5, 1e-4); }

}  // namespace
}  // namespace ganymede
