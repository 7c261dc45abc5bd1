// Trainings of several processes: they stay together, see shares of their own, and learn what one process learns of the whole batch.
#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "engine/ops.h"
#include "gan/checkpoint.h"
#include "nn/layers.h"
#include "tests/gan/every_model.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

const ProcessGroup& world() { return ProcessGroup::world(); }

// Two samples for each process.
TinyModel together(const std::string& model) {
  TinyModel m{model};
  m.batch = 2 * world().size(), m.group = &world();
  return m;
}
TinyModel alone(const std::string& model) {
  TinyModel m = together(model);
  m.group = nullptr;
  return m;
}

std::vector<std::byte> bytes_of(const std::vector<double>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(double));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// On rank 0: whether all processes have the same values. Elsewhere true.
bool same_everywhere(const std::vector<double>& values) {
  const auto all = world().gather(bytes_of(values));
  return std::all_of(all.begin(), all.end(), [&](const auto& other) { return other == all[0]; });
}


bool holds_samples(const Trainer& t, const std::string& state) {
  const auto& names = t.recipe().samples;
  return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return state == "kept." + n; });
}

class EveryModelTogether : public testing::TestWithParam<std::string> {};

TEST_P(EveryModelTogether, KeepsAllProcessesTheSame) {
  Tiny t(together(GetParam()));
  for (int i = 0; i < 5; ++i) t->step();
  for (const auto& [name, values] : t.state())
    if (!holds_samples(*t, name)) EXPECT_TRUE(same_everywhere(values)) << name;
  std::vector<double> numbers;
  for (const auto& [name, v] : t->values()) {
    EXPECT_TRUE(std::isfinite(v)) << name;
    numbers.push_back(v);
  }
  EXPECT_FALSE(numbers.empty());
  EXPECT_TRUE(same_everywhere(numbers));
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModelTogether, testing::ValuesIn(model_ids()), model_name);

TEST(Together, EachSeesItsRowsOfTheBatch) {
  Tiny whole(alone("wgan-gp")), mine(together("wgan-gp"));
  for (int i = 0; i < 3; ++i) whole->step(), mine->step();
  const Tensor all = whole->batch().image(), part = mine->batch().image();
  ASSERT_EQ(part.shape()[0], 2);
  const auto want = all.to_doubles(), got = part.to_doubles();
  EXPECT_EQ(got, std::vector<double>(want.begin() + int64_t(got.size()) * world().rank(), want.begin() + int64_t(got.size()) * (world().rank() + 1)));
}

TEST(Together, EachDrawsNoiseOfItsOwn) {
  TinyModel m = together("dcgan");
  m.settings["critic_steps"] = "1";
  m.capture = false;
  Tiny t(m);
  t->step();
  const SharedValue& fake = t->recipe().stages[0].shared_values.at(0);
  const bool same = same_everywhere(fake().to_doubles());
  if (world().leads()) EXPECT_FALSE(same);
}

// Without noise and without statistics of the batch the mean over shares is the mean over the batch (not of a logarithm of one, as PSNR is).
void expect_as_alone(const std::string& model, const std::map<std::string, std::string>& settings, double bound, int iterations = 5) {
  TinyModel one = alone(model), several = together(model);
  one.settings = several.settings = settings;
  Tiny whole(one), mine(several);
  for (int i = 0; i < iterations; ++i) {
    whole->step(), mine->step();
    const auto want = whole->values(), got = mine->values();
    ASSERT_EQ(want.size(), got.size());
    for (size_t k = 0; k < want.size(); ++k)
      if (want[k].first != "G/psnr") EXPECT_NEAR(got[k].second, want[k].second, bound * (1e-3 + std::abs(want[k].second))) << want[k].first << ", iteration " << i;
  }
}

TEST(Together, LearnsWhatOneProcessLearnsOfTheBatchByGradientDescent) { expect_as_alone("srcnn", {}, 1e-4); }
TEST(Together, LearnsWhatOneProcessLearnsOfTheBatchByAdam) { expect_as_alone("drcn", {}, 1e-3); }
TEST(Together, LearnsWhatOneProcessLearnsOfTheBatchInSeveralUpdates) { expect_as_alone("cyclegan", {{"width", "3"}, {"pool", "0"}}, 2e-3, 3); }

// Captured gradients, exchange and steps leave the bits of eager ones.
void expect_replayed_together(const std::string& model, const std::map<std::string, std::string>& settings = {}) {
  TinyModel captured = together(model);
  captured.settings = settings;
  TinyModel eager = captured;
  eager.capture = false;
  Tiny a(captured), b(eager);
  for (int i = 0; i < 7; ++i) a->step(), b->step();
  const auto want = b.state();
  for (const auto& [name, values] : a.state()) EXPECT_EQ(values, want.at(name)) << name;
}
TEST(Together, ReplaysSharedValues) { expect_replayed_together("dcgan"); }
TEST(Together, ReplaysPools) { expect_replayed_together("cyclegan"); }
TEST(Together, ReplaysGates) { expect_replayed_together("vae-gan"); }
TEST(Together, ReplaysFurtherUpdates) { expect_replayed_together("stylegan2"); }
TEST(Together, ReplaysManySteps) { expect_replayed_together("wgan"); }

TEST(Together, TrainsInBf16) {
  TinyModel m = together("wgan-gp");
  m.precision = Precision::bf16;
  TinyModel eager = m;
  eager.capture = false;
  Tiny a(m), b(eager);
  for (int i = 0; i < 5; ++i) a->step(), b->step();
  const auto want = b.state();
  for (const auto& [name, values] : a.state()) {
    EXPECT_EQ(values, want.at(name)) << name;
    EXPECT_TRUE(same_everywhere(values)) << name;
  }
}

// Pools of past pictures are each process's own, so a checkpoint holds all of them.
TEST(Together, ResumesBitForBit) {
  const std::string path = world().first((std::filesystem::temp_directory_path() / ("together_" + std::to_string(getpid()) + ".safetensors")).string());
  Tiny whole(together("cyclegan"));
  for (int i = 0; i < 4; ++i) whole->step();
  save_checkpoint(path, *whole, {{"model", "cyclegan"}});
  for (int i = 0; i < 4; ++i) whole->step();
  bool kept_differ = false;
  for (const auto& [name, values] : whole.state())
    if (name.starts_with("kept.")) kept_differ |= !same_everywhere(values);
  if (world().leads()) EXPECT_TRUE(kept_differ);
  world().first("");   // the file is there
  Tiny resumed(together("cyclegan"));
  load_checkpoint(path, *resumed);
  for (int i = 0; i < 4; ++i) resumed->step();
  const auto want = whole.state();
  for (const auto& [name, values] : resumed.state()) EXPECT_EQ(values, want.at(name)) << name;
  world().first("");
  if (world().leads()) std::filesystem::remove(path);
}

// The rule of the simulator is a card's: what is captured reads nothing back to the host.
TEST(Together, TrainsOnTheSimulatorWhatTheCpuTrains) {
  const auto trained = [](DeviceType type) {
    TinyModel m = together("dcgan");
    m.device = {type, 0};
    Tiny t(m);
    for (int i = 0; i < 4; ++i) t->step();
    for (const auto& [name, values] : t.state()) EXPECT_TRUE(same_everywhere(values)) << name;
    return t->values();
  };
  const auto want = trained(DeviceType::cpu), got = trained(DeviceType::sim);
  for (size_t k = 0; k < want.size(); ++k) EXPECT_NEAR(got[k].second, want[k].second, 1e-3 * (1 + std::abs(want[k].second))) << want[k].first;
}

// Numbers in pairs, some of which the last rank cannot read.
class Points : public data::Dataset {
 public:
  Points() { fields_ = {{"point", {2}, data::Kind::real}}; }
  int64_t size() const override { return 60; }
  std::string describe() const override { return "points"; }
  void read(int64_t index, data::Random&, data::HostBatch& out, int64_t row) const override {
    if (damaged && world().rank() == world().size() - 1) throw Error("point " + std::to_string(index) + " is gone");
    out.real(0, row)[0] = float(index % 7) / 7;
    out.real(0, row)[1] = float(index % 3) / 5;
  }
  bool damaged = false;
};

// A gate that reads what an update has kept of its own samples opens in all processes or in none.
TEST(Together, AgreesOnWhatIsKeptBeforeGatesReadIt) {
  ContextScope scope;
  nn::seed_parameters(1);
  Recipe r;
  const nn::Net f = r.net("F", nn::linear(2, 1)), g = r.net("G", nn::linear(2, 1));
  const Tensor last = r.keep("last", zeros({1})), own = r.keep_samples("own", zeros({1}));
  r.update("F", {f}, nn::adam(0.01), [=](const Batch& b) -> Losses {
    const Tensor mine = reshape(mean(b["point"]), Shape{1}).constant();
    assign(last, mine), assign(own, mine);
    return {{"mean", mean(f(b["point"])), "E f"}};
  });
  r.update("G", {g}, nn::sgd(0.01), [=](const Batch& b) -> Losses { return {{"mean", mean(g(b["point"])), "E g"}}; })
      .when([=](const Losses&) { return cast(greater(last, zeros({1}) + 0.3), DType::f32); });
  Points points;
  data::Loader loader(points, 2 * world().size(), 1, 0, {world().rank(), world().size()});
  Trainer t(std::move(r), {2 * world().size(), 1, true, &world()}, points.fields(), &loader);
  bool opened = false, closed = false, differed = false;
  for (int i = 0; i < 8; ++i) {
    const auto before = g.flat().to_doubles();
    t.step();
    const auto after = g.flat().to_doubles();
    EXPECT_TRUE(same_everywhere(after));
    EXPECT_TRUE(same_everywhere(last.to_doubles()));
    differed |= !same_everywhere(own.to_doubles());
    (after == before ? closed : opened) = true;
    EXPECT_EQ(after != before, last.item() > 0.3) << i;
  }
  EXPECT_TRUE(opened);
  EXPECT_TRUE(closed);
  if (world().leads()) EXPECT_TRUE(differed);
}

TEST(Together, StopsEverywhereBeforeWhatOneCannotRead) {
  ContextScope scope;
  nn::seed_parameters(1);
  Recipe r;
  const nn::Net f = r.net("F", nn::linear(2, 1));
  r.update("F", {f}, nn::adam(0.01), [=](const Batch& b) -> Losses { return {{"mean", mean(f(b["point"])), "E f"}}; });
  Points points;
  data::Loader loader(points, 2 * world().size(), 1, 0, {world().rank(), world().size()});
  Trainer t(std::move(r), {2 * world().size(), 1, true, &world()}, points.fields(), &loader);
  t.step();
  const auto before = f.flat().to_doubles();
  points.damaged = true;
  std::string error;
  try {
    t.step();
  } catch (const data::ReadError& e) {
    error = e.what();
  }
  EXPECT_NE(error.find("is gone"), std::string::npos) << error;
  EXPECT_EQ(t.iteration(), 1);
  EXPECT_EQ(f.flat().to_doubles(), before);
}

TEST(Together, RefusesABatchThatCannotBeShared) {
  TinyModel m = together("dcgan");
  m.batch = 2 * world().size() + 1;
  try {
    Tiny t(m);
    FAIL();
  } catch (const std::exception& e) {
    EXPECT_NE(std::string(e.what()).find("multiple of their number"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace ganymede::test
