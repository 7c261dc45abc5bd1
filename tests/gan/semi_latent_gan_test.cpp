// SL-GAN: one decoder on both ways, its latent space, and what is measured of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "gan/uses/semi_latent_measures.h"
#include "gan/walks.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/difference.h"

namespace ganymede::test {
namespace {

nn::Net net_of(const Recipe& r, const std::string& name) {
  for (const nn::Net& n : r.nets)
    if (n.name() == name) return n;
  ADD_FAILURE() << "no network " << name;
  return {};
}


TEST(SemiLatentGan, OneDecoderGeneratesAndModifies) {
  Tiny t({"semi-latent-gan"});
  t->step();
  const Recipe& r = t->recipe();
  ASSERT_EQ(r.nets.size(), 3u);
  const nn::Net dec = net_of(r, "Dec");
  for (const std::string name : {"generation", "modification"}) {
    const auto u = std::ranges::find(r.stages.at(0).updates, name, &Update::name);
    ASSERT_NE(u, r.stages[0].updates.end()) << name;
    EXPECT_EQ(std::ranges::count(u->groups.at(0).nets, dec), 1) << name;
  }
  const Batch b = t->batch();
  t->sampling(1, [&] {
    const auto generated = [&] { return r.latent.decode(r.latent.draw(2), {}); };
    const auto modified = [&] { return r.maps.at(0).map(b.image(), {zeros({2, 4}), zeros({2, 4})}); };
    EXPECT_GT(largest(generated()), 0);
    EXPECT_GT(largest(modified()), 0);
    assign(dec.flat(), zeros_like(dec.flat()));
    EXPECT_EQ(largest(generated()), 0);
    EXPECT_EQ(largest(modified()), 0);
  });
}

TEST(SemiLatentGan, ItsCodesAreAttributesOfTheDataAndThenLatents) {
  Tiny t({"semi-latent-gan"});
  t->step();
  const Latent& l = t->recipe().latent;
  ASSERT_EQ(l.length, 4 + 3);
  ASSERT_EQ(l.codes.size(), 2u);
  EXPECT_EQ(l.codes[0].count, 3);
  EXPECT_EQ(l.codes[1].first, 3);
  const Batch b = t->batch();
  const std::vector<double> of_data = Attributes("red/green/blue,filled", t.config().data.attributes).of(b).to_doubles();
  t->sampling(1, [&] {
    const auto z = l.draw(50).to_doubles();
    bool first = false, second = false;
    for (size_t i = 0; i < 50; ++i) {
      const auto is = [&](size_t row) { return std::equal(z.begin() + int64_t(7 * i), z.begin() + int64_t(7 * i + 4), of_data.begin() + int64_t(4 * row)); };
      EXPECT_TRUE(is(0) || is(1)) << i;
      first |= is(0), second |= is(1);
    }
    EXPECT_TRUE(first && second);
    const auto code = l.encode(b.image()).to_doubles();
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(code[7 * i] + code[7 * i + 1] + code[7 * i + 2], 1);
      EXPECT_TRUE(code[7 * i + 3] == 0 || code[7 * i + 3] == 1);
    }
  });
}

// A model that draws a light rectangle, low or high by its bit, whose left edge its first latent moves; its second latent does nothing.
class SemiLatentMeasures : public testing::Test {
 protected:
  static constexpr int64_t kSide = 16;
  static Tensor drawn(const std::vector<double>& high, const std::vector<double>& left) {
    std::vector<double> v;
    for (size_t i = 0; i < high.size(); ++i) {
      const int64_t at = std::clamp<int64_t>(int64_t(std::lround(6 + 2 * left[i])), 0, kSide - 4);
      for (int64_t y = 0; y < kSide; ++y)
        for (int64_t x = 0; x < kSide; ++x) v.push_back(x >= at && x < at + 4 && (high[i] > 0.5) == (y < 5) && (y < 5 || y >= 11) ? 1 : -1);
    }
    return tensor(v, {int64_t(high.size()), kSide, kSide, 1}, DType::f32, Device{});
  }
  static Tensor column(const std::vector<double>& v) { return tensor(v, {int64_t(v.size()), 1}, DType::f32, Device{}); }
  static double left_of(int64_t i) { return double(i * 7 % 11) / 3 - 1.6; }

  SemiLatentMeasures() {
    facts_.size = facts_.width = kSide, facts_.channels = 1, facts_.attributes = {"high"}, facts_.count = 600;
    facts_.read = [](const std::vector<int64_t>& which) {
      data::HostBatch out({{"image", {kSide, kSide, 1}, data::Kind::real}, {"attributes", {1}, data::Kind::real}}, int64_t(which.size()));
      for (size_t i = 0; i < which.size(); ++i) {
        const double high = double(which[i] % 2);
        std::ranges::copy(drawn({high}, {left_of(which[i])}).to_floats(), out.real(0, int64_t(i)).begin());
        out.real(1, int64_t(i))[0] = float(high);
      }
      return out;
    };
    model_ = {Attributes("high", {"high"}), 2, [this](const SemiLatent::Code& c) {
                codes_.push_back(c);
                return drawn(c.attributes.to_doubles(), slice(c.latents, 1, 0, 1).to_doubles());
              }, {}, {}};
    const auto look = [](const Tensor& x) { return mean(slice(x, 1, 0, 8), {1, 2, 3}) - mean(slice(x, 1, 8, 16), {1, 2, 3}); };
    model_.encode = [=](const Tensor& x) { return SemiLatent::Code{reshape(look(x), Shape{x.dim(0), 1}), zeros({x.dim(0), 2})}; };
    // Of the picture that was just drawn it says the first latent, turned, and of the second nothing.
    model_.recognise = [=, this](const Tensor& x) {
      return SemiLatent::Code{reshape(look(x), Shape{x.dim(0), 1}), concat({slice(codes_.back().latents, 1, 0, 1) * 3.0 + 1.0, zeros({x.dim(0), 1})}, 1)};
    };
  }
  double measured(const std::string& name) {
    seed(5);
    std::vector<double> high, left;
    for (int64_t i = 0; i < 64; ++i) high.push_back(double(i % 2)), left.push_back(left_of(i));
    const Batch b{64, {{"image", drawn(high, left)}, {"attributes", column(high)}}};
    for (const Measure& m : semi_latent_measures(Config(facts_, {}), model_))
      if (m.name == name) return m.value({64, [=](const std::function<void(const Batch&)>& look) { look(b); }});
    ADD_FAILURE() << "no measure " << name;
    return -1;
  }
  ContextScope scope_;
  DataFacts facts_;
  SemiLatent model_;
  std::vector<SemiLatent::Code> codes_;
};

TEST_F(SemiLatentMeasures, TellWhatAModelDoes) {
  EXPECT_EQ(measured("generated"), 1);
  EXPECT_NEAR(measured("latent-correlation"), 0.5, 1e-6);
  EXPECT_GT(measured("swept-factor"), 0.95);
  EXPECT_EQ(measured("swept-attributes"), 0);
  EXPECT_EQ(measured("recognised"), 1);
  EXPECT_EQ(measured("encoder-reads"), 1);
  EXPECT_EQ(measured("edited-by-reading"), 1);
}

TEST_F(SemiLatentMeasures, ASweepIsOfOneLatentFromMinusTwoToTwo) {
  codes_.clear();
  measured("swept-attributes");
  ASSERT_EQ(codes_.size(), 2u);
  const auto low = codes_[0].latents.to_doubles(), high = codes_[1].latents.to_doubles();
  for (size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(low[2 * i + i % 2], -2);
    EXPECT_EQ(high[2 * i + i % 2], 2);
    EXPECT_EQ(low[2 * i + 1 - i % 2], high[2 * i + 1 - i % 2]);
  }
}

TEST_F(SemiLatentMeasures, TellWhatAModelDoesNotDo) {
  model_.decode = [](const SemiLatent::Code& c) { return drawn((1.0 - c.attributes).to_doubles(), std::vector<double>(size_t(c.latents.dim(0)), 0.0)); };
  EXPECT_EQ(measured("generated"), 0);
  EXPECT_LT(measured("swept-factor"), 0.3);
  EXPECT_EQ(measured("edited-by-reading"), 0);
  // By a latent that turns the bit, whatever it is told.
  model_.decode = [](const SemiLatent::Code& c) { return drawn(slice(c.latents, 1, 0, 1).to_doubles(), std::vector<double>(size_t(c.latents.dim(0)), 0.0)); };
  EXPECT_EQ(measured("swept-attributes"), 0.5);
}

// An encoder that takes every bit for 1: edits of what it reads are right where it is.
TEST_F(SemiLatentMeasures, TellEditsByReadingFromEditsByTruth) {
  model_.encode = [](const Tensor& x) { return SemiLatent::Code{ones({x.dim(0), 1}), zeros({x.dim(0), 2})}; };
  EXPECT_EQ(measured("encoder-reads"), 0.5);
  EXPECT_EQ(measured("edited-by-reading"), 0.5);
}

}  // namespace
}  // namespace ganymede::test
