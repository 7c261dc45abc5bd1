// Progressive growing: what a new resolution changes as it appears and once it stands alone, phases, their replay and resumption.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/progressive.h"
#include "nn/blocks.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

using nets::ProgressiveDiscriminator;
using nets::ProgressiveGenerator;

constexpr nets::ProgressiveSize kSmall{.size = 16, .channels = 2, .latent = 6, .width = 3, .most_width = 8, .group = 2};

class Progressive : public testing::Test {
 protected:
  Progressive() {
    context().device = Device{}, context().dtype = DType::f64;
    nn::seed_parameters(4), seed(2);
    generator = std::make_shared<ProgressiveGenerator>(kSmall);
    G = nn::Net("G", generator), D = nn::Net("D", std::make_shared<ProgressiveDiscriminator>(kSmall));
  }
  Tensor pictures(int side) const { return randn({4, side, side, 2}); }
  Tensor made(const Tensor& z, int side, double grown = -1) const {
    generator->make(side);
    return grown < 0 ? G(z) : G(z, full({1}, grown));
  }
 private:
  ContextScope scope_;
 protected:
  std::shared_ptr<ProgressiveGenerator> generator;
  nn::Net G, D;
};

TEST_F(Progressive, ANewResolutionAppearsAsTheOldOneEnlarged) {
  const Tensor z = randn({4, 6});
  for (const int side : {8, 16}) {
    const Tensor old = upsample_nearest(made(z, side / 2), 2), now = made(z, side);
    EXPECT_EQ(made(z, side, 0).to_doubles(), old.to_doubles());
    EXPECT_NE(now.to_doubles(), old.to_doubles());
    const auto alone = now.to_doubles(), grown = made(z, side, 1).to_doubles(), half = made(z, side, 0.5).to_doubles(), before = old.to_doubles();
    for (size_t i = 0; i < alone.size(); ++i) {
      EXPECT_NEAR(grown[i], alone[i], 1e-14);
      EXPECT_NEAR(half[i], (alone[i] + before[i]) / 2, 1e-14);
    }
  }
}

TEST_F(Progressive, TheDiscriminatorFirstSeesTheOldResolution) {
  for (const int side : {8, 16}) {
    const Tensor x = pictures(side), old = D(average_pool(x, {})), now = D(x);
    EXPECT_EQ(D(x, full({1}, 0)).to_doubles(), old.to_doubles());
    const auto alone = now.to_doubles(), grown = D(x, full({1}, 1)).to_doubles();
    for (size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(grown[i], alone[i], 1e-12);
    EXPECT_NE(now.to_doubles(), old.to_doubles());
  }
}

TEST_F(Progressive, NetworksRefuseWhatTheyDoNotHave) {
  const auto message = [](auto f) -> std::string {
    try {
      f();
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(message([&] { generator->make(32); }), "pictures of 32 pixels: this generator makes them of 4 to 16");
  EXPECT_EQ(message([&] { D(pictures(6)); }), "pictures [4, 6, 6, 2]: this discriminator sees square ones of 4 to 16 pixels");
  EXPECT_EQ(message([&] { made(randn({4, 6}), 4, 0.5); }), "there is no resolution before 4 to blend with");
}

// Signals keep their size through equalised layers: mean square 1 behind the gain of a leaky ReLU, and pixel norm makes it exactly so.
TEST_F(Progressive, SignalsKeepTheirSize) {
  const auto mean_square = [](const Tensor& x) { return mean(square(x)).item(); };
  const Tensor x = randn({8, 16, 16, 32});
  const nn::Layer conv = nn::sequential({nn::conv(32, 64, nn::equalised({.kernel = 3, .padding = 1})), nn::leaky_relu(0.2)});
  EXPECT_NEAR(mean_square(conv->forward(x)), 1, 0.15);  // the border sees zeros; the slope adds 4 %
  const auto squares = mean(square(nn::norm(nn::NormKind::pixel, 32, nn::Affine::none, 1e-8)->forward(x)), {3}).to_doubles();
  for (const double s : squares) EXPECT_NEAR(s, 1, 1e-6);
}

TEST_F(Progressive, TheDeviationIsOfTheMinibatch) {
  const Tensor x = randn({2, 3, 3, 4}), same = slice(x, 0, 0, 1);
  const auto plane = [](const Tensor& pictures) { return slice(nn::with_minibatch_stddev(pictures, 2, 0), 3, 4, 5).to_doubles(); };
  for (const double d : plane(concat({same, same}, 0))) EXPECT_EQ(d, 0);
  const auto once = plane(x), twice = plane(x * 2.0);
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_GT(once[i], 0.1);
    EXPECT_NEAR(twice[i], 2 * once[i], 1e-12);
  }
}

// Those that bench/torch_stacks.py prints, of networks that begin at their own size; 23.1 million each at 1024, as the paper says.
TEST(ProgressiveNetworks, HaveAsManyParametersAsThePapers) {
  const ContextScope scope;
  context().device = {DeviceType::plan, 0};
  const auto counts = [](int size, int start) {
    const nets::ProgressiveSize s{.size = size, .start = start, .width = 16384 / size};
    return std::pair{nn::Net("G", std::make_shared<ProgressiveGenerator>(s)).parameter_count(), nn::Net("D", std::make_shared<ProgressiveDiscriminator>(s)).parameter_count()};
  };
  EXPECT_EQ(counts(64, 64), (std::pair<int64_t, int64_t>{22484227, 22489857}));
  EXPECT_EQ(counts(1024, 1024), (std::pair<int64_t, int64_t>{23071507, 23077137}));
  const auto [g, d] = counts(1024, 4);
  EXPECT_EQ(g - 23071507, 3 * (4 * 512 + 256 + 128 + 64 + 32) + 8 * 3);
  EXPECT_EQ(d - 23077137, 4 * (4 * 512 + 256 + 128 + 64 + 32));
}

TinyModel growing() { return {"progressive-gan", {{"start", "4"}, {"stable_images", "10"}, {"blend_images", "12"}}}; }  // batch 2: 5 and 6 iterations

TEST(ProgressiveGan, GrowsInPhases) {
  Tiny t(growing());
  std::string phases;
  for (const Stage& s : t->recipe().stages) phases += s.name + " " + std::to_string(s.steps) + "; ";
  EXPECT_EQ(phases, "4 px 5; 8 px, blended in 6; 8 px 5; 16 px, blended in 6; 16 px 0; ");
  const auto kept = [&](const std::string& name) { return t.state().at("kept." + name)[0]; };
  for (int i = 0; i < 24; ++i) {
    t->step();
    const std::vector<int> ends{5, 11, 16, 22, 1000};
    const size_t phase = size_t(std::lower_bound(ends.begin(), ends.end(), i + 1) - ends.begin());
    EXPECT_EQ(kept("begun"), double(phase + 1)) << i;
    EXPECT_EQ(kept("done"), phase == 1 ? i - 4.0 : phase == 3 ? i - 15.0 : 0.0) << i;
  }
}

// Samples are of the resolution that has been reached, enlarged: pixels of 4 x 4, of 2 x 2, half blended, and single ones.
TEST(ProgressiveGan, SamplesWhatItHasReached) {
  Tiny t(growing());
  const auto largest_difference_in = [&](int64_t block) {
    const Tensor x = t->sample(2, 1);
    EXPECT_EQ(x.shape(), (Shape{2, 16, 16, 1}));
    const auto mosaic = upsample_nearest(average_pool(x, {{int(block), int(block)}, {int(block), int(block)}}), block).to_doubles(), exact = x.to_doubles();
    double most = 0;
    for (size_t i = 0; i < exact.size(); ++i) most = std::max(most, std::abs(mosaic[i] - exact[i]));
    return most;
  };
  const auto go_to = [&](int64_t iteration) { while (t->iteration() < iteration) t->step(); };
  EXPECT_LT(largest_difference_in(4), 1e-6);
  go_to(5);
  EXPECT_LT(largest_difference_in(4), 1e-6);
  go_to(8);
  EXPECT_GT(largest_difference_in(4), 1e-3);
  EXPECT_LT(largest_difference_in(2), 1e-6);
  go_to(16);
  EXPECT_LT(largest_difference_in(2), 1e-6);
  go_to(19);
  EXPECT_GT(largest_difference_in(2), 1e-3);
}

using State = std::map<std::string, std::vector<double>>;

State reached(const TinyModel& m, int iterations) {
  Tiny t(m);
  while (t->iteration() < iterations) t->step();
  return t.state();
}

// How far a resolution has grown is a number on the device: captured code reads it, in every phase.
TEST(ProgressiveGan, ReplaysWhileItBlends) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    TinyModel captured = growing(), eager = growing();
    captured.precision = eager.precision = precision, eager.capture = false;
    for (const int iterations : {11, 22, 26}) EXPECT_EQ(reached(captured, iterations), reached(eager, iterations)) << iterations;
  }
}

TEST(ProgressiveGan, GoesOnFromEveryIterationOfABlend) {
  const State whole = reached(growing(), 18);
  for (const int stop : {5, 6, 8, 11, 16, 17}) {
    Tiny first(growing()), second(growing());
    while (first->iteration() < stop) first->step();
    second->prepare_resume(stop);
    const auto from = first->state(), to = second->state();
    ASSERT_EQ(from.size(), to.size());
    for (size_t i = 0; i < from.size(); ++i) assign(to[i].value, from[i].value);
    second->resume_at(stop);
    while (second->iteration() < 18) second->step();
    EXPECT_EQ(second.state(), whole) << "stopped after " << stop;
  }
}

TEST(ProgressiveGan, RefusesWhatDoesNotFit) {
  const auto refusal = [](TinyModel m, int64_t size = 0) -> std::string {
    m.size = size;
    try {
      Tiny t(m);
    } catch (const UsageError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(growing(), 20), "a picture size of 20: progressive growing ends at 4, 8, 16, 32, ... pixels; set --size");
  EXPECT_EQ(refusal({"progressive-gan", {{"start", "32"}}}), "setting start=32: it must be 4, 8, 16, ... up to the pictures' 16 pixels");
  EXPECT_EQ(refusal({"progressive-gan", {{"start", "12"}}}), "setting start=12: it must be 4, 8, 16, ... up to the pictures' 16 pixels");
}

}  // namespace
}  // namespace ganymede::test
