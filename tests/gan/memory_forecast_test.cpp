// What `explain --memory` foretells is what a training takes; and training takes no more the longer it lasts.
#include "gan/memory_forecast.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/memory.h"
#include "gan/sheet.h"
#include "tests/data/run_test_util.h"
#include "tests/gan/every_model.h"
#include "tests/gan/model_fixture.h"

namespace ganymede {
namespace {

SessionOptions tiny(const std::string& model, const std::map<std::string, std::string>& settings, int64_t batch = 8) {
  SessionOptions o;
  o.model = model, o.data = "shapes:count=64", o.size = 16, o.batch = batch, o.steps = 10, o.threads = 1, o.device = "cpu";
  o.settings = settings;
  return o;
}

int64_t resident_bytes() {
  int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * 4096;
}

class Forecast : public testing::Test {
 protected:
  ~Forecast() override {
    context() = {};
    release_pooled_memory(Device{});
    release_pooled_memory(Device{DeviceType::sim});
  }
};

TEST_F(Forecast, IsWhatATrainingHolds) {
  std::vector<SessionOptions> all{tiny("dcgan", {{"width", "8"}}), tiny("dcgan", {{"width", "4"}, {"objective", "wgan-gp"}}, 5),
                                        tiny("dcgan", {{"width", "4"}, {"ema", "0.9"}}), tiny("gan", {}), tiny("wgan-gp", {{"width", "4"}}, 3)};
  // The GPU's kernels want workspaces, which the cpu's do not; a forecast on paper asks them, too.
  all.push_back(tiny("dcgan", {{"width", "4"}}, 4));
  all.back().device = "sim";
  for (const SessionOptions& o : all) {
    SCOPED_TRACE(text(o.model, " on ", o.device));
    const Device device = Device::parse(o.device);
    release_pooled_memory(device);
    const int64_t before = memory_use(device).held;
    reset_peak_memory(device);
    Session session(o, Session::Use::train);
    const MemoryForecast f = forecast_memory(session, o.batch);
    EXPECT_EQ(forecast_memory(Session(o, Session::Use::plan), o.batch).held, f.held);
    context().device = device;
    for (int i = 0; i < 6; ++i) session.trainer().step();
    session.trainer().sample(64, 1);
    const int64_t held = memory_use(device).most_held - before;
    EXPECT_NEAR(double(held), double(f.held), 0.01 * double(held));
    EXPECT_GT(f.peak, 0);
    EXPECT_LE(f.peak, f.held);
    int64_t sum = 0;
    for (const auto& row : f.rows) {
      EXPECT_GE(row.bytes, 0) << row.name;
      sum += row.bytes;
    }
    EXPECT_EQ(sum, f.total());
  }
}

TEST_F(Forecast, DoesNotDisturbATraining) {
  std::vector<std::pair<std::string, double>> values[2];
  for (const bool asked : {false, true}) {
    Session session(tiny("dcgan", {{"width", "4"}}), Session::Use::train);
    for (int i = 0; i < 5; ++i) {
      if (asked) forecast_memory(session, 4 + i);
      session.trainer().step();
    }
    values[asked] = session.trainer().values();
  }
  EXPECT_EQ(values[0], values[1]);
}

TEST_F(Forecast, TheBatchThatFitsFits) {
  const Session session(tiny("dcgan", {{"width", "8"}}, 64), Session::Use::plan);
  const int64_t whole = forecast_memory(session, 64).total(), one = forecast_memory(session, 1).total();
  EXPECT_EQ(batch_that_fits(session, whole), 64);
  EXPECT_EQ(batch_that_fits(session, one - 1), 0);
  for (const int64_t bytes : {one, (one + whole) / 2, whole - 1}) {
    const int64_t fits = batch_that_fits(session, bytes);
    ASSERT_GE(fits, 1);
    EXPECT_LE(forecast_memory(session, fits).total(), bytes);
    EXPECT_GT(forecast_memory(session, fits + fits / 8 + 1).total(), bytes);
  }
  try {
    require_memory(session, {(one + whole) / 2, "the test"});
    ADD_FAILURE() << "not refused";
  } catch (const Error& e) {
    const std::string what = e.what();
    EXPECT_NE(what.find("a batch of 64 needs "), what.npos) << what;
    EXPECT_NE(what.find("the test has "), what.npos) << what;
    EXPECT_NE(what.find("use --batch "), what.npos) << what;
  }
  EXPECT_NO_THROW(require_memory(session, {whole, "the test"}));
  const std::string table = memory_table(session, {one - 1, "the test"}), unasked = "what a device that is not here needs";
  EXPECT_NE(table.find("no batch fits: use a smaller --size"), table.npos);
  EXPECT_EQ(table.find(unasked), table.npos);
  SessionOptions absent = tiny("dcgan", {{"width", "8"}});
  absent.device = "cuda:99";
  EXPECT_NE(memory_table(Session(absent, Session::Use::plan), {whole, "the test"}).find(unasked), std::string::npos);
}

TEST_F(Forecast, TheMachineHasSome) {
  const FreeMemory free = free_memory();
  EXPECT_GT(free.bytes, 1 << 20);
  EXPECT_FALSE(free.limit.empty());
  EXPECT_GT(peak_resident_bytes(), 1 << 20);
  EXPECT_GE(peak_address_space_bytes(), peak_resident_bytes());
  EXPECT_EQ(memory_text(5 << 19), "2.5 MiB");
  EXPECT_EQ(memory_text(int64_t{5} << 29), "2.50 GiB");
}

TEST_F(Forecast, ControlGroupsLimitIt) {
  run::TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::string& value) {
    std::filesystem::create_directories((folder / name).parent_path());
    run::put(folder / name, value);
  };
  const auto left = [&](const std::string& membership) {
    run::put(folder / "groups", membership);
    return left_by_cgroups((folder / "groups").string(), folder.path().string());
  };
  EXPECT_EQ(left("0::/\n"), INT64_MAX);
  write("a/b/memory.max", "max\n"), write("a/b/memory.current", "500\n");
  write("a/memory.max", "4000\n"), write("a/memory.current", "3000\n");
  write("a/memory.stat", "anon 1000\nactive_file 100\ninactive_file 200\n");
  EXPECT_EQ(left("0::/a/b\n"), 1300);
  write("a/b/memory.max", "600\n");
  EXPECT_EQ(left("0::/a/b\n"), 100);
  write("a/b/memory.max", "400\n");
  EXPECT_EQ(left("0::/a/b\n"), 0);
  write("memory/c/memory.limit_in_bytes", "9223372036854771712\n"), write("memory/c/memory.usage_in_bytes", "5\n");
  EXPECT_EQ(left("7:pids:/x\n4:memory:/c\n"), INT64_MAX);
  write("memory/c/memory.limit_in_bytes", "70\n");
  EXPECT_EQ(left("7:pids:/x\n4:memory:/c\n"), 65);
}

// Two thousand iterations, with samples, values and statistics between them.
TEST_F(Forecast, NothingLeaksInTwoThousandIterations) {
  SessionOptions o = tiny("dcgan", {{"width", "2"}, {"latent", "8"}}, 2);
  Session session(o, Session::Use::train);
  const auto train = [&](int count) {
    for (int i = 0; i < count; ++i) {
      session.trainer().step();
      if (i % 10 == 0) session.trainer().values();
      if (i % 100 == 0) session.trainer().sample(4, 1);
    }
  };
  train(300);
  const MemoryUse before = memory_use(Device{});
  const int64_t resident = resident_bytes();
  train(2000);
  EXPECT_EQ(memory_use(Device{}).live, before.live);
  EXPECT_EQ(memory_use(Device{}).held, before.held);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(resident_bytes() - resident, 1 << 20) << "bytes more than after 300 iterations";
#endif
}

class ForecastOf : public testing::TestWithParam<std::string> {};

// A training of every model, and a sheet of its samples.
TEST_P(ForecastOf, IsWhatATrainingHolds) {
  const test::TinyChoice tiny = test::tiny_choice(GetParam());
  const SessionOptions o{.model = GetParam(), .data = tiny.data, .size = tiny.size, .batch = 2, .device = "cpu", .threads = 1, .settings = tiny.settings};
  const ContextScope scope;
  release_pooled_memory(Device{});
  const int64_t before = memory_use(Device{}).held;
  reset_peak_memory(Device{});
  {
    Session session(o, Session::Use::train);
    const MemoryForecast f = forecast_memory(session, o.batch);
    context().device = Device{};
    for (int i = 0; i < 25; ++i) session.trainer().step();
    sample_sheet(session, 0, 1);
    const double held = double(memory_use(Device{}).most_held - before);
    EXPECT_LE(held, 1.01 * double(f.held));
    EXPECT_GE(held, 0.75 * double(f.held));   // stages that come later may hold more
  }
  context() = {};
  release_pooled_memory(Device{});
}

TEST_F(Forecast, TakesLabelMapsInStyles) {
  const test::TinyChoice tiny = test::tiny_choice("spade");
  SessionOptions o{.model = "spade", .data = tiny.data, .size = tiny.size, .batch = 2, .device = "cpu", .threads = 1, .settings = tiny.settings};
  const int64_t plain = forecast_memory(Session(o, Session::Use::plan), o.batch).held;
  o.settings["style"] = "encoder";
  EXPECT_GT(forecast_memory(Session(o, Session::Use::plan), o.batch).held, plain);
}

INSTANTIATE_TEST_SUITE_P(All, ForecastOf, testing::ValuesIn(test::model_ids()), test::model_name);

}  // namespace
}  // namespace ganymede
