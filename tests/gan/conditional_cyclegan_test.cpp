// What Conditional CycleGAN promises beyond the tests that every model passes.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "engine/ops.h"
#include "gan/checkpoint.h"
#include "gan/models.h"
#include "gan/parts/attributes.h"
#include "gan/uses/super_resolution.h"
#include "tests/data/data_test_util.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

using State = std::map<std::string, std::vector<double>>;

TinyModel identity(std::map<std::string, std::string> more = {}) {
  TinyModel m{"conditional-cyclegan"};
  m.settings = {{"condition", "identity"}, {"features", "4"}, {"phi_width", "2"}, {"identity_steps", "2"}};
  for (const auto& [k, v] : more) m.settings[k] = v;
  return m;
}

TEST(LowView, IsTheMeanInStepsOfAByteAndTheSameWhereThatIsAllThereIs) {
  // Halfway between two bytes: the upper one.
  const Tensor x = reshape(tensor(std::vector<double>{0 / 127.5 - 1, 1 / 127.5 - 1, 1 / 127.5 - 1, 0 / 127.5 - 1}, {4}, DType::f64, Device{}), Shape{1, 2, 2, 1});
  for (const double v : low_view(x, 2).to_doubles()) EXPECT_NEAR(v, 1 / 127.5 - 1, 1e-12);
  const Tensor flat = full({1, 8, 8, 3}, 51 / 127.5 - 1, DType::f64, Device{});
  for (const double v : low_view(flat, 4).to_doubles()) EXPECT_NEAR(v, 51 / 127.5 - 1, 1e-12);
  // Pictures with the same means look alike.
  const Tensor board = reshape(tensor(std::vector<double>{1, -1, -1, 1}, {4}, DType::f64, Device{}), Shape{1, 2, 2, 1});
  EXPECT_EQ(low_view(board, 2).to_doubles(), low_view(-board, 2).to_doubles());
}

TEST(ConditionalCycleGan, LowPicturesAreGreyUnlessToldOtherwise) {
  const auto channels = [](const char* grey) {
    TinyModel m{"conditional-cyclegan", {{"grey", grey}}};
    m.channels = 3;
    Tiny t(m);
    t->step();
    std::vector<Column> columns;
    t->sampling(1, [&] { columns = t->recipe().columns(t->batch()); });
    EXPECT_EQ(columns.at(1).title, "x");
    return columns.at(1).pictures.dim(3);
  };
  EXPECT_EQ(channels("true"), 1);
  EXPECT_EQ(channels("false"), 3);
}

TEST(ConditionalCycleGan, EditsDependOnTheLowViewAlone) {
  TinyModel m{"conditional-cyclegan"};
  Tiny t(m);
  t->step();
  t->sampling(1, [&] {
    const PictureMap* edit = nullptr;
    for (const PictureMap& map : t->recipe().maps)
      if (map.name == "edit") edit = &map;
    ASSERT_NE(edit, nullptr);
    const Tensor x = t->batch().image();
    const int64_t count = edit->vectors.at(0).length;
    const Tensor none = zeros({x.dim(0), count}), all = ones_like(none);
    const auto of = [&](const Tensor& picture, const Tensor& to) { return edit->map(picture, {none, to}).to_floats(); };
    EXPECT_NE(of(x, none), of(x, all));
    // Each 4 x 4 pixels by their mean.
    EXPECT_EQ(of(x, all), of(upsample_nearest(average_pool(x, {{4, 4}, {4, 4}}), 4), all));
  });
}

TEST(ConditionalCycleGan, TheIdentityIsLearnedFirstAndThenFixed) {
  Tiny t(identity());
  const auto of_phi = [&] {
    State s;
    for (const auto& [name, v] : t.state())
      if (name.starts_with("phi.")) s[name] = v;
    return s;
  };
  const State first = of_phi();
  t->step(), t->step();
  const State learned = of_phi();
  EXPECT_NE(first, learned);
  for (int i = 0; i < 5; ++i) {
    t->step();
    for (const auto& [name, v] : t->values()) EXPECT_TRUE(std::isfinite(v)) << name;
  }
  EXPECT_EQ(of_phi(), learned);
}

TEST(ConditionalCycleGan, IdentityReplaysResumesAndIsUsed) {
  TinyModel eager = identity();
  eager.capture = false;
  const auto after = [](const TinyModel& m, int n) {
    Tiny t(m);
    for (int i = 0; i < n; ++i) t->step();
    return t.state();
  };
  const State whole = after(identity(), 8);
  EXPECT_EQ(whole, after(eager, 8));
  const std::string path = (std::filesystem::temp_directory_path() / "resume_conditional_cyclegan_identity.safetensors").string();
  Tiny stopped(identity()), resumed(identity());
  for (int i = 0; i < 5; ++i) stopped->step();
  save_checkpoint(path, *stopped, {{"model", "conditional-cyclegan"}});
  load_checkpoint(path, *resumed);
  for (int i = 0; i < 3; ++i) resumed->step();
  EXPECT_EQ(whole, resumed.state());
  std::filesystem::remove(path);
  EXPECT_NE(whole, after(identity({{"lambda_id", "0"}}), 8));
  EXPECT_NE(whole, after(identity({{"phi_rate", "0.01"}}), 8));
  resumed->sample(3, 1).to_floats();
  resumed->sampling(1, [&] {
    const Batch& b = resumed->batch();
    EXPECT_EQ(resumed->recipe().columns(b).size(), 5u);
    const Evaluation all{2, [&](const std::function<void(const Batch&)>& f) { f(b), f(b); }};
    for (const Measure& m : resumed->recipe().measures) m.value(all);
  });
}

// Both measured on one batch of two pictures: what the networks themselves say of it.
TEST(ConditionalCycleGan, MeasuresAreWhatTheirTextsSay) {
  const auto net = [](Tiny& t, const std::string& name) {
    for (const nn::Net& n : t->recipe().nets)
      if (n.name() == name) return n;
    throw Error("no network " + name);
  };
  const auto measured = [](Tiny& t, const std::string& name) {
    for (const Measure& m : t->recipe().measures)
      if (m.name == name) return m.value({2, [&](const std::function<void(const Batch&)>& look) { look(t->batch()); }});
    throw Error("no measure " + name);
  };
  const auto share = [](const Tensor& larger, const Tensor& smaller) { return mean(greater(larger, smaller)).item(); };
  const auto distance = [](const Tensor& a, const Tensor& b) { return mean(abs(a - b)).item(); };
  Tiny t(TinyModel{"conditional-cyclegan"});
  for (int i = 0; i < 6; ++i) {
    t->step();
    t->sampling(1, [&] {
      const Tensor x = t->batch().image(), y = Attributes("red/green/blue,filled,hat", t.config().data.attributes).of(t->batch());
      if (y.to_floats() == roll(y, 1).to_floats()) return;
      const Tensor own = y * 2.0 - 1.0, other = roll(own, 1), low = low_view(x, 4);
      const auto score = [&](const Tensor& z) { return mean(net(t, "D_Y")(x, z), {1, 2, 3}); };
      EXPECT_EQ(measured(t, "matching"), share(score(own), score(other)));
      const Tensor made = net(t, "G")(low, other);
      EXPECT_NEAR(measured(t, "consistency"), distance(low_view(made, 4), low), 1e-6);
      EXPECT_NEAR(measured(t, "cycle-x"), distance(net(t, "F")(made), low), 1e-6);
    });
  }
  Tiny known(identity());
  for (int i = 0; i < 8; ++i) {
    known->step();
    known->sampling(1, [&] {
      const Batch& b = known->batch();
      const auto labels = b["label"].to_integers();
      if (labels[0] == labels[1]) return;
      const auto feature = [&](const Tensor& x) {
        const Tensor v = net(known, "phi")(x);
        return v / sqrt(mean(square(v), {1}, true) + 1e-8);
      };
      const Tensor own = feature(b.image()), other = roll(own, 1), got = feature(net(known, "G")(low_view(b.image(), 4), other));
      EXPECT_EQ(measured(known, "nearer"), share(mean(abs(got - own), {1}), mean(abs(got - other), {1})));
    });
  }
}

TEST(ConditionalCycleGan, WhatDoesNotFitIsRefused) {
  TinyModel m{"conditional-cyclegan", {{"reduction", "5"}}};
  data::expect_mentions(refusal(m), {"reduction=5", "16 px"});
  m = identity({{"identity_steps", "10"}});
  data::expect_mentions(refusal(m), {"identity_steps=10", "10 iterations"});
  DataFacts facts;
  facts.size = facts.width = 16, facts.channels = 3, facts.attributes = {"hat"};
  const auto error = [&](std::map<std::string, std::string> settings, int64_t batch) {
    Config c(facts, std::move(settings));
    c.batch = batch;
    return data::error_of([&] { find_model("conditional-cyclegan").recipe(c); });
  };
  data::expect_mentions(error({{"condition", "identity"}}, 2), {"condition=identity", "classes"});
  data::expect_mentions(error({}, 1), {"--batch 1", "2 or more"});
}

}  // namespace
}  // namespace ganymede::test
