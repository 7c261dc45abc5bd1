// What the world does to a training: full and vanishing disks, folders that cannot be written, lost data, limits, two at
// once, a clock that goes back. Nothing that was saved is lost, and one line says what is wrong.
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/check.h"
#include "gan/data/picture_file.h"
#include "gan/data/png.h"
#include "gan/run/stats.h"
#include "tests/apps/program.h"
#include "tests/support/places.h"

namespace ganymede::apps {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

class Unlucky : public ProgramTest {
 protected:
  ~Unlucky() override {
    for (const auto& place : mounted_) umount2(place.c_str(), MNT_DETACH);
  }

  // A small disk of its own at `name`; false where that is not allowed.
  bool mount_disk(const std::string& name, const std::string& size) {
    fs::create_directories(*this / name);
    if (mount("ganymede_test", (*this / name).c_str(), "tmpfs", 0, ("size=" + size + ",mode=0755").c_str()) != 0) return false;
    mounted_.push_back(*this / name);
    return true;
  }
  void change_disk(const std::string& name, unsigned long flags, const std::string& options) const {
    ASSERT_EQ(mount("ganymede_test", (*this / name).c_str(), "tmpfs", MS_REMOUNT | flags, options.c_str()), 0);
  }
  void unplug(const std::string& name) const { ASSERT_EQ(umount2((*this / name).c_str(), MNT_DETACH), 0); }

  static Words often(const std::string& out, const std::string& steps) {
    return tiny(out, {"--steps", steps, "--log-every", "5", "--sample-every", "10", "--save-every", "10"});
  }

  // The checkpoints of a run that are whole files.
  std::vector<std::string> checkpoints(const std::string& run) const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : files(run))
      if (name.starts_with("checkpoints/0")) names.push_back(name);
    return names;
  }

  // That `run`, when it is resumed, ends with the same bytes as `whole`.
  void expect_same_end(const std::string& whole, const std::string& run) const {
    const auto kept = [&](const std::string& name) {
      auto all = files(name);
      std::erase_if(all, [](const auto& f) { return !f.first.ends_with(".safetensors") && !f.first.ends_with(".png"); });
      return all;
    };
    EXPECT_EQ(kept(whole), kept(run));
  }

  // What the program says when it fails: the last line, the only one that begins so.
  static std::string complaint(const Result& r) {
    EXPECT_EQ(r.status, 1) << r.err;
    const std::string last = r.last_line();
    EXPECT_TRUE(last.starts_with("ganymede: ")) << r.err;
    EXPECT_EQ(r.err.find("ganymede: "), r.err.rfind("ganymede: ")) << r.err;
    EXPECT_EQ(r.err.find("terminate"), r.err.npos) << r.err;
    return last;
  }
  static void expect_has(const std::string& text, const Words& parts) {
    for (const auto& p : parts) EXPECT_NE(text.find(p), text.npos) << p << " is not in: " << text;
  }

  // The test has to be faster than the training that it disturbs.
  static void slower() { setpriority(PRIO_PROCESS, 0, 19); }
  void make_pictures(const std::string& folder, int count) const {
    fs::create_directories(*this / folder);
    for (int i = 0; i < count; ++i) {
      data::Picture p(16, 16, 3);
      for (size_t k = 0; k < p.pixels.size(); ++k) p.pixels[k] = uint8_t(k * 7 + size_t(i) * 31);
      data::write_png((*this / (folder + "/" + std::to_string(i) + ".png")).string(), p);
    }
  }
  Words on_pictures(const std::string& folder, const std::string& out, const std::string& steps) const {
    return {"train", "dcgan", "--data", "folder:" + folder, "--size", "16", "--batch", "2", "--set", "width=2", "--threads", "1",
            "--steps", steps, "--save-every", "1000", "--sample-every", "1000", "--out", out};
  }

 private:
  std::vector<fs::path> mounted_;
};

TEST_F(Unlucky, AFullDiskLosesNothing) {
  ASSERT_EQ(run(often("whole", "40")).status, 0);
  size_t bytes = 0;
  for (const auto& [name, content] : files("whole")) bytes += content.size();
  if (!mount_disk("disk", std::to_string(bytes * 6 / 10240) + "k")) GTEST_SKIP() << "needs the right to mount a disk";
  const std::string line = complaint(run(often("disk/run", "40")));
  expect_has(line, {"disk/run/", "No space left on device"});
  const auto left = checkpoints("disk/run");
  for (const auto& [name, bytes] : files("disk/run")) EXPECT_EQ(name.find(".tmp"), name.npos) << name;
  // With the disk as full as it is, a resume says so and takes nothing away.
  expect_has(complaint(run({"train", "--out", "disk/run", "--resume"})), {"No space left on device"});
  for (const auto& name : left) EXPECT_TRUE(exists("disk/run/" + name)) << name;
  change_disk("disk", 0, "size=64m");
  const Result r = run({"train", "--out", "disk/run", "--resume"});
  ASSERT_EQ(r.status, 0) << r.err;
  expect_same_end("whole", "disk/run");
}

TEST_F(Unlucky, AFileBeyondTheLimitIsAFullDisk) {
  const Result r = Program(folder_, often("run", "40"), "", [] {
                     const rlimit small{20000, 20000};
                     setrlimit(RLIMIT_FSIZE, &small);
                   }).wait();
  expect_has(complaint(r), {"run/", "File too large"});
  const Result again = run({"train", "--out", "run", "--resume"});
  ASSERT_EQ(again.status, 0) << again.err;
  ASSERT_EQ(run(often("whole", "40")).status, 0);
  expect_same_end("whole", "run");
}

TEST_F(Unlucky, ADiskThatTurnsReadOnly) {
  if (!mount_disk("disk", "64m")) GTEST_SKIP() << "needs the right to mount a disk";
  ASSERT_EQ(run(often("disk/run", "20")).status, 0);
  change_disk("disk", MS_RDONLY, "");
  const auto before = files("disk/run");
  refused(1, {"train", "--out", "disk/run", "--resume", "--steps", "40"}, {"disk/run/.lock", "Read-only file system"});
  refused(1, tiny("disk/other"), {"disk/other", "Read-only file system"});
  refused(1, {"report", "disk/run"}, {"disk/run/report.html", "Read-only file system"});
  refused(1, {"sample", "disk/run", "--out", "disk/x.png"}, {"disk/x.png", "Read-only file system"});
  EXPECT_EQ(run({"sample", "disk/run", "--out", "x.png"}).status, 0);
  EXPECT_EQ(files("disk/run"), before);
}

TEST_F(Unlucky, AFolderThatIsNotOurs) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  ASSERT_EQ(run(often("run", "20")).status, 0);
  fs::permissions(folder_, fs::perms(0755));
  const auto before = files("run");
  const auto as_nobody = [&](const Words& words) {
    return Program(folder_, words, "", [] {
             if (setgid(65534) != 0 || setuid(65534) != 0) _exit(98);
           }).wait();
  };
  if (as_nobody({"--version"}).status != 0) GTEST_SKIP() << "the program is not where everybody may run it";
  expect_has(complaint(as_nobody({"train", "--out", "run", "--resume", "--steps", "40"})), {"run/.lock", "Permission denied"});
  expect_has(complaint(as_nobody(tiny("other"))), {"other", "Permission denied"});
  EXPECT_EQ(files("run"), before);
}

TEST_F(Unlucky, ADiskUnpluggedWhileTraining) {
  if (!mount_disk("disk", "64m")) GTEST_SKIP() << "needs the right to mount a disk";
  Program p(folder_, often("disk/run", "1000000"));
  p.wait_for(*this / "disk/run/samples/000010.png");
  unplug("disk");
  expect_has(complaint(p.wait()), {"disk/run/", "No such file or directory"});
}

TEST_F(Unlucky, DataThatVanishWhileTraining) {
  make_pictures("pictures", 1600);
  ASSERT_EQ(run(on_pictures("pictures", "whole", "800")).status, 0);
  Program p(folder_, on_pictures("pictures", "run", "800"), "", slower);
  p.wait_for(*this / "run/reals.png");
  fs::rename(*this / "pictures", *this / "elsewhere");
  const Result r = p.wait();
  expect_has(complaint(r), {"pictures/", ".png", "No such file", "saved at iteration", "go on with: ganymede train --out run --resume"});
  ASSERT_EQ(checkpoints("run").size(), 1u) << r.err;
  refused(1, {"train", "--out", "run", "--resume"}, {"pictures", "no such folder"});
  fs::rename(*this / "elsewhere", *this / "pictures");
  const Result again = run({"train", "--out", "run", "--resume"});
  ASSERT_EQ(again.status, 0) << again.err;
  expect_same_end("whole", "run");
}

TEST_F(Unlucky, APictureUnpluggedWhileTraining) {
  make_pictures("pictures", 1600);
  Program p(folder_, on_pictures("pictures", "run", "800"), "", slower);
  p.wait_for(*this / "run/reals.png");
  // Pictures are cut short, as a stick that is pulled out leaves them: all at once, for the trainer does not run meanwhile.
  p.signal(SIGSTOP);
  for (int i = 0; i < 1600; ++i) {
    const fs::path path = *this / ("pictures/" + std::to_string(i) + ".png");
    fs::resize_file(path, fs::file_size(path) / 2);
  }
  p.signal(SIGCONT);
  expect_has(complaint(p.wait()), {"pictures/", ".png: truncated PNG", "saved at iteration"});
}

TEST_F(Unlucky, NobodyReadsTheOutput) {
  ASSERT_EQ(run(often("run", "10")).status, 0);
  const std::string program = test::binary_dir() + "/ganymede";
  // The reader is gone before the first byte; what was asked for is done all the same, and nothing is half-written.
  const auto unread = [&](const std::string& words) {
    return std::system(("cd " + folder_.string() + " && { " + program + " " + words + "; } 2>> err | true").c_str());
  };
  for (const char* words : {"models", "explain dcgan --data shapes:count=64 --size 16", "sample run --out x.png", "report run"}) unread(words);
  EXPECT_EQ(get("err"), "");
  EXPECT_EQ(data::read_picture((*this / "x.png").string()).channels, 3);
  EXPECT_TRUE(get("run/report.html").ends_with("</html>\n"));
  for (const auto& [name, bytes] : files("run")) EXPECT_EQ(name.find(".tmp"), name.npos) << name;
}

TEST_F(Unlucky, TwoTrainersAtOnce) {
  // Which of the two is first is chance; exactly one may train.
  for (int i = 0; i < 3; ++i) {
    const std::string out = "run" + std::to_string(i);
    Program a(folder_, often(out, "20")), b(folder_, often(out, "20"));
    const Result x = a.wait(), y = b.wait();
    const Result &winner = x.status == 0 ? x : y, &loser = x.status == 0 ? y : x;
    EXPECT_EQ(winner.status, 0) << winner.err;
    EXPECT_TRUE(loser.status == 1 || loser.status == 2) << loser.err;
    EXPECT_TRUE(loser.err.find("another trainer (process ") != loser.err.npos || loser.err.find("holds a run of \"dcgan\" already") != loser.err.npos)
        << loser.err;
    EXPECT_EQ(checkpoints(out).size(), 2u);
  }
}

TEST_F(Unlucky, TheTerminalIsClosed) {
  Program p(folder_, tiny("run", {"--steps", "1000000", "--sample-every", "1000000", "--save-every", "1000000"}));
  p.wait_for(*this / "run/reals.png");
  p.signal(SIGHUP);
  const Result r = p.wait();
  EXPECT_EQ(r.status, 0) << r.err;
  expect_has(r.last_line(), {"stopped at iteration", "saved"});
  EXPECT_EQ(checkpoints("run").size(), 1u);
}

TEST_F(Unlucky, TheClockOfARunNeverGoesBack) {
  ASSERT_EQ(run(often("run", "20")).status, 0);
  // The clock of the first start was days ahead: its files say so.
  fs::path events;
  for (const auto& entry : fs::directory_iterator(*this / "run"))
    if (entry.path().filename().string().starts_with("events.")) events = entry.path();
  ASSERT_FALSE(events.empty());
  fs::last_write_time(events, fs::last_write_time(events) + std::chrono::hours(72));
  ASSERT_EQ(run({"train", "--out", "run", "--resume", "--steps", "40"}).status, 0);
  std::vector<std::string> names;
  for (const auto& [name, bytes] : files("run"))
    if (name.starts_with("events.")) names.push_back(name);
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[0], events.filename().string());
  EXPECT_GT(std::stoll(names[1].substr(20)), std::stoll(names[0].substr(20)) + 71 * 3600);
  double before = 0;
  for (const run::StatsLine& line : run::read_stats(*this / "run/stats.jsonl")) {
    const double* seconds = run::find(line.time, "seconds");
    ASSERT_NE(seconds, nullptr);
    EXPECT_GE(*seconds, before) << "at iteration " << line.iteration;
    before = *seconds;
  }
}

}  // namespace
}  // namespace ganymede::apps
