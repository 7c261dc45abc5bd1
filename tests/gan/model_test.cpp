// What every model must pass, generated from its recipe.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "engine/memory.h"
#include "gan/checkpoint.h"
#include "tests/support/gradcheck.h"
#include "tests/gan/every_model.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

using State = std::map<std::string, std::vector<double>>;

class EveryModel : public testing::TestWithParam<std::string> {
 protected:
  TinyModel tiny() const { return {GetParam()}; }
};

State after(const TinyModel& m, int iterations) {
  Tiny t(m);
  for (int i = 0; i < iterations; ++i) t->step();
  return t.state();
}

void expect_equal_bits(const State& a, const State& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, v] : a) EXPECT_EQ(v, b.at(name)) << name;
}

TEST_P(EveryModel, HasFiniteLosses) {
  Tiny t(tiny());
  for (int i = 0; i < 5; ++i) {
    t->step();
    EXPECT_FALSE(t->values().empty());
    for (const auto& [name, v] : t->values()) EXPECT_TRUE(std::isfinite(v)) << name;
  }
}

// As evaluate asks them of a run that was trained so.
TEST_P(EveryModel, IsUsedInBatchesOfOne) {
  TinyModel m = tiny();
  m.batch = 1;
  std::unique_ptr<Tiny> t;
  try {
    t = std::make_unique<Tiny>(m);
  } catch (const UsageError&) {
    return;   // pairs, or statistics of a batch
  }
  (*t)->step();
  uses_after_training(**t);
}

TEST_P(EveryModel, ReplaysLikeEager) {
  TinyModel eager = tiny();
  eager.capture = false;
  expect_equal_bits(after(tiny(), 6), after(eager, 6));
}

TEST_P(EveryModel, ResumesBitForBit) {
  const std::string path = (std::filesystem::temp_directory_path() / ("resume_" + GetParam() + ".safetensors")).string();
  Tiny whole(tiny());
  for (int i = 0; i < 4; ++i) whole->step();
  save_checkpoint(path, *whole, {{"model", GetParam()}});
  for (int i = 0; i < 4; ++i) whole->step();
  const State want = whole.state();
  Tiny resumed(tiny());
  resumed->step();
  load_checkpoint(path, *resumed);
  EXPECT_EQ(resumed->iteration(), 4);
  for (int i = 0; i < 4; ++i) resumed->step();
  expect_equal_bits(want, resumed.state());
  std::filesystem::remove(path);
}

TEST_P(EveryModel, MovesEveryParameterItDeclares) {
  TinyModel exact = tiny();
  exact.dtype = DType::f64;  // a step may be smaller than the last bit of an f32 weight
  Tiny t(exact);
  const State before = t.state();
  for (int i = 0; i < 3; ++i) t->step();
  const State now = t.state();
  std::set<std::string> moved;
  for (size_t s = 0; s <= t->stage(); ++s)   // a stage has iterations, so those before have moved theirs
    for (const Update& u : t->recipe().stages[s].updates)
      for (const Group& g : u.groups)
        for (const nn::Net& n : g.nets) moved.insert(n.name());
  for (const nn::Net& n : t->recipe().nets) {
    for (const auto& p : n.parameters()) {
      const std::string name = n.name() + "." + p.name;
      const auto& still = t->recipe().without_gradient;
      const bool moves = moved.count(n.name()) == 1 && std::find(still.begin(), still.end(), name) == still.end() && !tiny_choice(GetParam()).still.count(name);
      EXPECT_EQ(before.at(name) != now.at(name), moves) << name;
    }
    for (const auto& b : n.buffers()) {
      if (b.value.count() == 1) continue;  // u of a single output: 1 or -1 for good
      const std::string name = n.name() + "." + b.name;
      EXPECT_EQ(before.at(name) != now.at(name), moved.count(n.name()) == 1 && !tiny_choice(GetParam()).still.count(name)) << name;
    }
  }
}

// One update moves its own networks and nothing else: its state after the update alone shows it.
TEST_P(EveryModel, AnUpdateMovesOnlyItsNetworks) {
  Tiny whole(tiny());
  const size_t updates = whole->recipe().stages[0].updates.size();
  for (size_t u = 0; u < updates; ++u) {
    Tiny t(tiny());
    const State before = t.state();
    std::set<std::string> own;
    for (const Group& g : t->recipe().stages[0].updates[u].groups)
      for (const nn::Net& n : g.nets) own.insert(n.name());
    t->step_only(u);
    const State now = t.state();
    for (const nn::Net& n : t->recipe().nets)
      for (const auto& p : n.parameters()) {
        const std::string name = n.name() + "." + p.name;
        if (!own.count(n.name())) EXPECT_EQ(before.at(name), now.at(name)) << name << " in update " << t->recipe().stages[0].updates[u].name;
      }
  }
}

// A network's weights and its optimiser's buffers, each as one vector: single small tensors (biases that start at 0 and see
// cancelling gradients) say little about agreement.
State by_network(const State& state, const Trainer& trainer) {
  State out;
  for (const auto& [name, v] : state) {
    if (name.ends_with(".step")) continue;
    std::string group = name;
    for (const nn::Net& n : trainer.recipe().nets)
      if (name.starts_with(n.name() + ".")) group = n.name() + (name.find("running") == std::string::npos ? " weights" : " statistics");
    auto& to = out[group];
    to.insert(to.end(), v.begin(), v.end());
  }
  return out;
}

// One iteration, and two, on a device and in f32 on the cpu against the cpu in f64. Moments are linear in the gradients, so they
// are what is compared. Adam makes whole steps of gradients that are nothing but rounding, so weights, and all that follows
// from them in the second iteration, say little.
void expect_device_agreement(const std::string& model, const Device& device) {
  TinyModel there{model}, exact{model};
  there.device = device;
  exact.dtype = DType::f64;
  Tiny shape(TinyModel{model});
  for (const int iterations : {1, 2}) {
    const auto grouped = [&](const TinyModel& m) { return by_network(after(m, iterations), *shape); };
    const State truth = grouped(exact);
    for (const TinyModel& m : {there, TinyModel{model}}) {
      const State got = grouped(m);
      for (const auto& [name, v] : truth)
        EXPECT_LE(relative_error(got.at(name), v), iterations == 2 ? 0.1 : name.ends_with(" weights") ? 2e-2 : 1e-3)
            << name << " on " << m.device.str() << " after " << iterations;
    }
  }
}

TEST_P(EveryModel, SimAgreesWithCpu) { expect_device_agreement(GetParam(), {DeviceType::sim, 0}); }

TEST_P(EveryModel, RefusesASettingThatNobodyReads) {
  TinyModel wrong = tiny();
  wrong.settings["no_such_setting"] = "1";
  EXPECT_THROW(Tiny{wrong}, UsageError);
}

// Every word of a choice, and another number than the standard, change what three iterations compute.
TEST_P(EveryModel, EverySettingChangesTheRun) {
  std::vector<Setting> settings;
  {
    Tiny t(tiny());
    settings = t.config().settings();
  }
  const State standard = after(tiny(), 3);
  const std::set<std::string> late = tiny_choice(GetParam()).late;
  for (const Setting& s : settings) {
    if (late.count(s.name)) continue;
    int tried = 0;
    bool changed = false;
    for (const std::string& other : s.others) {
      if ((!s.choice && changed) || late.count(s.name + "=" + other)) continue;
      TinyModel m = tiny();
      m.settings[s.name] = other;
      try {
        const bool differs = with_fitting_settings(m, [](const TinyModel& fitting) { return after(fitting, 3); }) != standard;
        EXPECT_TRUE(differs || !s.choice) << s.name << "=" << other << " changes nothing";
        changed |= differs, ++tried;
      } catch (const UsageError&) {  // not every number fits every other setting
      }
    }
    EXPECT_TRUE(changed) << s.name << ": none of " << tried << " other values changes anything";
  }
}

TEST_P(EveryModel, AnotherSeedGivesAnotherRun) {
  TinyModel other = tiny();
  other.seed = 2;
  EXPECT_NE(after(tiny(), 1), after(other, 1));
}

// Networks that multiply in bf16 return bf16: it meets f32 in pictures, noise, labels and kept tensors. Long enough for stages
// of five iterations to change and be captured.
TEST_P(EveryModel, TrainsInBf16) {
  TinyModel bf16 = tiny(), eager = bf16;
  bf16.precision = eager.precision = Precision::bf16;
  eager.capture = false;
  Tiny t(bf16);
  for (int i = 0; i < 9; ++i) {
    t->step();
    for (const auto& [name, v] : t->values()) EXPECT_TRUE(std::isfinite(v)) << name;
  }
  expect_equal_bits(t.state(), after(eager, 9));
  uses_after_training(*t);
}

// All stages with every word of every choice; `plan` computes nothing, but each op checks types and shapes as everywhere.
TEST_P(EveryModel, EveryChoiceFitsBf16) {
  TinyModel planned = tiny();
  planned.precision = Precision::bf16, planned.device = {DeviceType::plan, 0};
  const auto run = [](const TinyModel& m) {
    Tiny t(m);
    for (size_t stage = 0; stage < t->recipe().stages.size(); ++stage) t->enter(stage), t->step();
    return t.config().settings();
  };
  for (const Setting& s : run(planned)) {
    if (!s.choice || tiny_choice(GetParam()).late.count(s.name)) continue;
    for (const std::string& other : s.others)
      for (const int64_t size : {0, 64, 128, 256}) {  // some words want larger pictures, or a file
        TinyModel m = planned;
        m.settings[s.name] = other, m.size = size;
        try {
          with_fitting_settings(m, run);
          break;
        } catch (const UsageError&) {
        } catch (const std::exception& e) {
          ADD_FAILURE() << s.name << "=" << other << ": " << e.what();
          break;
        }
      }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryModel, testing::ValuesIn(model_ids()), model_name);

// On the first GPU, where updates are CUDA graphs; there are no such tests where there is none.
class EveryModelOnCuda : public EveryModel {
 protected:
  TinyModel on_cuda() const {
    TinyModel m{GetParam()};
    m.device = {DeviceType::cuda, 0};
    return m;
  }
};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EveryModelOnCuda);

TEST_P(EveryModelOnCuda, CudaAgreesWithCpu) { expect_device_agreement(GetParam(), {DeviceType::cuda, 0}); }

TEST_P(EveryModelOnCuda, GraphsReplayLikeEager) {
  for (const Precision precision : {Precision::f32, Precision::tf32, Precision::bf16}) {
    TinyModel graph = on_cuda(), eager = graph;
    graph.precision = eager.precision = precision;
    eager.capture = false;
    expect_equal_bits(after(graph, 8), after(eager, 8));
  }
}

// Sampling between replays, and a second trainer beside the first, leave the graphs' memory alone.
TEST_P(EveryModelOnCuda, GraphsAreNotDisturbed) {
  const State undisturbed = after(on_cuda(), 8);
  Tiny t(on_cuda());
  for (int i = 0; i < 8; ++i) {
    t->step();
    t->sample(3, uint64_t(i));
    if (i == 4) after(on_cuda(), 5);
  }
  expect_equal_bits(undisturbed, t.state());
}

INSTANTIATE_TEST_SUITE_P(All, EveryModelOnCuda, testing::ValuesIn(device_count(DeviceType::cuda) > 0 ? model_ids() : std::vector<std::string>{}), model_name);

TEST(Trainer, KeepsMemorySteadyOnceCaptured) {
  Tiny t({"dcgan"});
  for (int i = 0; i < 5; ++i) t->step();
  const int64_t held = memory_use(Device{}).held;
  for (int i = 0; i < 50; ++i) t->step();
  EXPECT_EQ(memory_use(Device{}).held, held);
}

TEST(Trainer, SamplesTheSameNoiseForTheSameSeed) {
  Tiny t({"dcgan"});
  t->step();
  EXPECT_EQ(t->sample(5, 7).to_floats(), t->sample(5, 7).to_floats());
  EXPECT_NE(t->sample(5, 7).to_floats(), t->sample(5, 8).to_floats());
  // Sampling does not disturb training.
  TinyModel m{"dcgan"};
  Tiny other(m);
  for (int i = 0; i < 6; ++i) other->step();
  const State undisturbed = other.state();
  Tiny disturbed(m);
  for (int i = 0; i < 6; ++i) disturbed->step(), disturbed->sample(3, i);
  expect_equal_bits(undisturbed, disturbed.state());
}

TEST(Trainer, NamesTheUpdateThatDiverges) {
  Tiny t({"dcgan", {{"rate", "1e30"}}});
  try {
    for (int i = 0; i < 10; ++i) t->step(), t->values();
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("diverged"), std::string::npos);
    EXPECT_TRUE(std::string(e.what()).find("D/") == 0 || std::string(e.what()).find("G/") == 0 || std::string(e.what()).find("grad_norm/") == 0) << e.what();
  }
}

TEST(Trainer, SpectralNormReplaysAndResumesToo) {
  TinyModel m{"dcgan", {{"spectral_norm", "true"}}};
  TinyModel eager = m;
  eager.capture = false;
  const State a = after(m, 6);
  expect_equal_bits(a, after(eager, 6));
  // u is a unit vector that follows every update of D.
  const auto& u = a.at("D.conv2.u");
  double length = 0;
  for (double x : u) length += x * x;
  EXPECT_NEAR(length, 1, 1e-5);
  EXPECT_NE(u, after(m, 5).at("D.conv2.u"));
}

TEST(Trainer, TrainsInBf16) {
  TinyModel m{"dcgan"};
  m.precision = Precision::bf16;
  Tiny t(m);
  for (int i = 0; i < 5; ++i) t->step();
  for (const auto& [name, v] : t->values()) EXPECT_TRUE(std::isfinite(v)) << name;
  TinyModel eager = m;
  eager.capture = false;
  expect_equal_bits(after(m, 6), after(eager, 6));
}

}  // namespace
}  // namespace ganymede::test
