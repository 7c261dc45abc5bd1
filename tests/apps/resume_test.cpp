// A run that was stopped, however, and resumed ends with the bytes of one that never was.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "engine/check.h"
#include "engine/device.h"
#include "tests/apps/program.h"
#include "tests/support/places.h"

namespace ganymede::apps {
namespace {

using Words = std::vector<std::string>;

class Resume : public ProgramTest {
 protected:
  static Words long_run(const std::string& out, const Words& more) {
    Words words = tiny(out, {"--log-every", "5", "--sample-every", "10", "--save-every", "10"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // Checkpoints, sheets and statistics, without what depends on the clock.
  std::map<std::string, std::string> outcome(const std::string& run) const {
    std::map<std::string, std::string> kept;
    for (auto& [name, bytes] : files(run)) {
      if (name.ends_with(".safetensors") || name.ends_with(".png")) kept[name] = bytes;
      if (name != "stats.jsonl") continue;
      for (size_t at = 0; at < bytes.size();) {
        const size_t end = bytes.find('\n', at), time = bytes.find(",\"time\":", at);
        kept[name] += bytes.substr(at, std::min(time, end) - at) + "\n";
        at = end == bytes.npos ? bytes.size() : end + 1;
      }
    }
    return kept;
  }

  void expect_same(const std::string& a, const std::string& b) const {
    const auto x = outcome(a), y = outcome(b);
    ASSERT_EQ(x.count("stats.jsonl"), 1u);
    ASSERT_TRUE(x.begin()->first.starts_with("checkpoints/"));
    for (const auto& [name, bytes] : x)
      EXPECT_TRUE(y.count(name) && y.at(name) == bytes) << name << " differs";
    for (const auto& [name, bytes] : y) EXPECT_TRUE(x.count(name)) << name << " should not be there";
  }

  void check_halves(const Words& more) {
    Words whole = long_run("whole", {"--steps", "40"}), half = long_run("half", {"--steps", "20"});
    whole.insert(whole.end(), more.begin(), more.end());
    half.insert(half.end(), more.begin(), more.end());
    ASSERT_EQ(run(whole).status, 0);
    ASSERT_EQ(run(half).status, 0);
    const Result r = run({"train", "--out", "half", "--resume", "--steps", "40"});
    ASSERT_EQ(r.status, 0) << r.err;
    EXPECT_NE(r.err.find("resumed at iteration 20 of 40"), r.err.npos) << r.err;
    expect_same("whole", "half");
  }
};

TEST_F(Resume, TwoHalvesAreAWholeOnCpu) { check_halves({"--device", "cpu"}); }
TEST_F(Resume, TwoHalvesAreAWholeInBf16WithAverages) {
  check_halves({"--device", "cpu", "--precision", "bf16", "--set", "ema=0.9"});
}
TEST_F(Resume, TwoHalvesAreAWholeOnSim) {
  check_halves({"--device", "sim", "--set", "width=2", "--set", "latent=8"});
}

TEST_F(Resume, TwoHalvesAreAWholeOnCuda) {
  if (device_count(DeviceType::cuda) == 0) GTEST_SKIP() << "no GPU";
  check_halves({"--device", "cuda"});
}

TEST_F(Resume, KilledAtAnyInstant) {
  ASSERT_EQ(run(long_run("whole", {"--steps", "40"})).status, 0);
  // The first is killed before it has saved, the second while it runs, the third by a signal that lets it
  // save.
  const Words start = long_run("run", {"--steps", "40"});
  {
    Program p(folder_, start);
    p.wait_for(*this / "run/samples/000000.png");
    p.signal(SIGKILL);
    EXPECT_EQ(p.wait().status, 128 + SIGKILL);
  }
  const Words resume{"train", "--out", "run", "--resume"};
  {
    Program p(folder_, resume);
    p.wait_for(*this / "run/checkpoints/000010.safetensors");
    p.signal(SIGKILL);
    p.wait();
  }
  Result r = run(resume);
  EXPECT_EQ(r.status, 0) << r.err;
  expect_same("whole", "run");
  // A complete run says so and stays as it is.
  r = run(resume);
  EXPECT_EQ(r.status, 0) << r.err;
  EXPECT_NE(r.err.find("all 40 iterations are done; train longer with --steps"), r.err.npos) << r.err;
  expect_same("whole", "run");
}

TEST_F(Resume, SignalsSaveAndEndWell) {
  for (const int number : {SIGINT, SIGTERM}) {
    const std::string out = "run" + std::to_string(number), whole = "whole" + std::to_string(number);
    const Words sparse{"--log-every", "5", "--sample-every", "1000", "--save-every", "1000"};
    const auto words = [&](const std::string& folder, const std::string& steps) {
      Words all = tiny(folder, sparse);
      all.insert(all.end(), {"--steps", steps});
      return all;
    };
    Program p(folder_, words(out, "1000000"));
    p.wait_for(*this / (out + "/reals.png"));
    p.signal(number);
    const Result r = p.wait();
    ASSERT_EQ(r.status, 0) << r.err;
    EXPECT_EQ(r.out, out + "\n");
    EXPECT_NE(r.last_line().find("saved; go on with: ganymede train --out " + out + " --resume"), r.err.npos)
        << r.err;
    EXPECT_TRUE(exists(out + "/report.html"));
    const size_t told = r.err.find("stopped at iteration ");
    ASSERT_NE(told, r.err.npos) << r.err;
    // Twenty more are the same as never having stopped; the checkpoint of the stop is gone by then.
    const int reached = std::stoi(r.err.substr(told + 21));
    const std::string digits = std::to_string(reached), total = std::to_string(reached + 20);
    EXPECT_TRUE(exists(out + "/checkpoints/" + std::string(6 - digits.size(), '0') + digits + ".safetensors"));
    ASSERT_EQ(run({"train", "--out", out, "--resume", "--steps", total}).status, 0);
    ASSERT_EQ(run(words(whole, total)).status, 0);
    expect_same(whole, out);
  }
}

TEST_F(Resume, DamagedCheckpointsArePassedOver) {
  ASSERT_EQ(run(long_run("whole", {"--steps", "40"})).status, 0);
  ASSERT_EQ(run(long_run("run", {"--steps", "20"})).status, 0);
  const std::string newest = get("run/checkpoints/000020.safetensors");
  put("run/checkpoints/000020.safetensors", newest.substr(0, newest.size() / 2));
  Result r = run({"train", "--out", "run", "--resume", "--steps", "40"});
  EXPECT_EQ(r.status, 0) << r.err;
  const size_t told = r.err.find("passed over run/checkpoints/000020.safetensors: ");
  EXPECT_NE(told, r.err.npos) << r.err;
  EXPECT_EQ(r.err.find("passed over", told + 1), r.err.npos) << "told twice: " << r.err;
  EXPECT_NE(r.err.find("resumed at iteration 10 of 40"), r.err.npos) << r.err;
  expect_same("whole", "run");
  // Nothing good is left: an error, and nothing trained from the start over the old run.
  for (const char* name : {"000020", "000030", "000040"})
    put(text("run/checkpoints/", name, ".safetensors"), "not tensors");
  const auto before = files("run");
  refused(1, {"train", "--out", "run", "--resume", "--steps", "50"},
          {"run/checkpoints", "none of 3", "000040.safetensors"});
  EXPECT_EQ(files("run"), before);
}

TEST_F(Resume, KeepsWhatTheRunWasStartedWith) {
  ASSERT_EQ(run(tiny("run", {"--steps", "4", "--log-every", "1", "--sample-every", "2", "--save-every", "3"}))
                .status,
            0);
  const std::string first = get("run/run.json");
  // Given again in other words; the rest is the run's.
  const Result r = run({"train", "dcgan", "--out", "run", "--resume", "--set", "width=04", "--steps", "4"});
  EXPECT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(get("run/run.json"), first);
  ASSERT_EQ(run({"train", "--out", "run", "--resume", "--steps", "8"}).status, 0);
  EXPECT_TRUE(exists("run/samples/000006.png") && exists("run/checkpoints/000006.safetensors"));
  EXPECT_FALSE(exists("run/samples/000007.png"));
  const std::string stats = get("run/stats.jsonl");
  EXPECT_EQ(std::count(stats.begin(), stats.end(), '\n'), 8);
  // Other intervals are nobody's loss, and are kept from then on.
  ASSERT_EQ(run({"train", "--out", "run", "--resume", "--steps", "10", "--sample-every", "5"}).status, 0);
  EXPECT_NE(get("run/run.json").find("\"sample_every\": 5"), std::string::npos);
}

TEST_F(Resume, InexactOnlyWhenAllowed) {
  ASSERT_EQ(run(tiny("run", {"--steps", "2"})).status, 0);
  const Words other{"train", "--out", "run", "--resume", "--steps", "4", "--threads", "2"};
  refused(2, other, {"threads is 1", "2", "--allow-inexact"});
  Words allowed = other;
  allowed.push_back("--allow-inexact");
  const Result r = run(allowed);
  EXPECT_EQ(r.status, 0) << r.err;
  EXPECT_NE(r.err.find("2 threads"), r.err.npos) << r.err;
  EXPECT_NE(get("run/run.json").find("\"threads\": 2"), std::string::npos);
}

TEST_F(Resume, DataThatHaveChangedAreNotTheSame) {
  ASSERT_EQ(run({"sample", "none"}).status, 2);
  ASSERT_EQ(run(tiny("source", {"--steps", "2", "--sample-every", "1"})).status, 0);
  std::filesystem::create_directory(*this / "pictures");
  for (int i = 0; i < 2; ++i)
    std::filesystem::copy(*this / ("source/samples/00000" + std::to_string(i) + ".png"),
                          *this / ("pictures/" + std::to_string(i) + ".png"));
  const Words start{"train",   "dcgan", "--out",     "run", "--data", "folder:pictures",
                    "--size",  "16",    "--batch",   "2",   "--set",  "width=2",
                    "--steps", "1",     "--threads", "1"};
  Result r = run(start);
  ASSERT_EQ(r.status, 0) << r.err;
  std::filesystem::copy(*this / "source/samples/000002.png", *this / "pictures/2.png");
  refused(2, {"train", "--out", "run", "--resume", "--steps", "2"},
          {"the data were", "2 pictures", "3 pictures", "--allow-inexact"});
  r = run({"train", "--out", "run", "--resume", "--steps", "2", "--allow-inexact"});
  EXPECT_EQ(r.status, 0) << r.err;
}

TEST_F(Resume, OneTrainerAFolder) {
  Program first(folder_, tiny("run", {"--steps", "1000000"}));
  first.wait_for(*this / "run/samples/000000.png");
  refused(1, {"train", "--out", "run", "--resume"}, {"run: another trainer (process ", "stop it first"});
  refused(2, tiny("run"), {"run", "already"});
}

TEST_F(Resume, DivergedRunNamesItsLastCheckpoint) {
  const Result r = run(tiny("run", {"--steps", "40", "--set", "rate=1e30", "--save-every", "1"}));
  EXPECT_EQ(r.status, 1);
  EXPECT_NE(r.last_line().find("at iteration"), std::string::npos) << r.err;
  EXPECT_NE(r.last_line().find("diverged"), std::string::npos) << r.err;
  EXPECT_NE(r.last_line().find("checkpoint"), std::string::npos) << r.err;
}

TEST_F(Resume, TrainingGoesOnWhenNobodyReads) {
  // Both streams lead into a pipe whose reader is gone after the first line.
  const std::string command = "cd " + folder_.string() +
                              " && { " + test::binary_dir() + "/ganymede train dcgan --out run --data shapes:count=64"
                              " --size 16 --set width=4 --batch 4 --threads 1 --steps 30 --log-every 1; echo "
                              "$? > status; } 2>&1 | head -n 1 > first";
  ASSERT_EQ(std::system(command.c_str()), 0);
  for (int i = 0; i < 2000 && get("status").empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(get("status"), "0\n");
  EXPECT_TRUE(get("first").starts_with("dcgan on ")) << get("first");
  EXPECT_TRUE(exists("run/checkpoints/000030.safetensors") && exists("run/report.html"));
}

}  // namespace
}  // namespace ganymede::apps
