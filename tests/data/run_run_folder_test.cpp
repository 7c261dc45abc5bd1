#include "gan/run/run_folder.h"

#include <sys/wait.h>
#include <unistd.h>

#include "engine/check.h"
#include "tests/data/run_test_util.h"

namespace ganymede::run {
namespace fs = std::filesystem;
namespace {

Json dcgan() {
  return {{"model", "dcgan"}, {"data", "shapes"}, {"seed", 1},
          {"threads", 2},     {"steps", 100},     {"settings", {{"gp", 10.5}, {"objective", "bce"}}}};
}

}  // namespace

TEST(RunFolder, CreateThenOpenThenResume) {
  TemporaryFolder folder;
  const fs::path out = folder / "deep" / "er";
  {
    const RunFolder made = RunFolder::create(out, dcgan());
    EXPECT_EQ(made.run(), dcgan());
    EXPECT_TRUE(fs::is_directory(out / "samples"));
    EXPECT_EQ(made.sample(500), out / "samples" / "000500.png");
    EXPECT_EQ(made.checkpoint(12345678), out / "checkpoints" / "12345678.safetensors");
  }
  EXPECT_EQ(RunFolder::open(out).run(), dcgan());
  EXPECT_EQ(RunFolder::resume(out, dcgan(), {}).run(), dcgan());
}

TEST(RunFolder, CreateRefusesAnyContent) {
  TemporaryFolder folder;
  RunFolder::create(folder / "run", dcgan());
  const std::string before = get(folder / "run" / "run.json");
  expect_mentions(error_of([&] { RunFolder::create(folder / "run", dcgan()); }),
                  {(folder / "run").string(), "holds a run of \"dcgan\"", "--resume"});
  EXPECT_EQ(get(folder / "run" / "run.json"), before);

  fs::create_directory(folder / "thesis");
  put(folder / "thesis" / "chapter1.tex", "years of work");
  expect_mentions(error_of([&] { RunFolder::create(folder / "thesis", dcgan()); }), {"thesis", "not empty"});
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "thesis"), fs::directory_iterator()), 1);

  put(folder / "file", "");
  expect_mentions(error_of([&] { RunFolder::create(folder / "file", dcgan()); }), {"file: not a folder"});
  expect_mentions(error_of([&] { RunFolder::create(folder / "file" / "run", dcgan()); }),
                  {(folder / "file" / "run").string(), "Not a directory"});
  expect_mentions(error_of([&] { RunFolder::create("/proc/ganymede", dcgan()); }), {"/proc/ganymede"});
}

TEST(RunFolder, ResumeNamesTheSettingThatDiffers) {
  TemporaryFolder folder;
  RunFolder::create(folder / "run", dcgan());
  const std::string before = get(folder / "run" / "run.json");
  const auto refusal = [&](const Json& asked, const std::vector<std::string>& may_differ = {}) {
    const std::string text = error_of([&] { RunFolder::resume(folder / "run", asked, may_differ); });
    EXPECT_EQ(get(folder / "run" / "run.json"), before);
    return text;
  };
  Json other = dcgan();
  other["settings"]["gp"] = 5;
  EXPECT_EQ(refusal(other, {"steps", "settings.g"}),
            (folder / "run").string() +
                ": cannot resume: settings.gp is 10.5 in this run, but 5 is asked for; "
                "give the run's own settings, or start a new folder");
  other["seed"] = 2;
  expect_mentions(refusal(other), {"seed is 1", "2 is asked for", "(1 more differs)"});
  other = dcgan();
  other["settings"].erase("objective");
  expect_mentions(refusal(other), {"settings.objective is \"bce\" in this run, but not set is asked for"});
  other = dcgan();
  other["model"] = "wgan-gp";
  expect_mentions(refusal(other, {"model"}), {"holds a run of \"dcgan\", not of \"wgan-gp\""});
}

TEST(RunFolder, ResumeStoresWhatMayDiffer) {
  TemporaryFolder folder;
  RunFolder::create(folder / "run", dcgan());
  Json longer = dcgan();
  longer["steps"] = 200;
  longer["settings"]["gp"] = 7;
  RunFolder::resume(folder / "run", longer, {"steps", "settings"});
  EXPECT_EQ(RunFolder::open(folder / "run").run(), longer);
  RunFolder::resume(folder / "run", longer, {});
}

TEST(RunFolder, ResumeNeedsARun) {
  TemporaryFolder folder;
  expect_mentions(error_of([&] { RunFolder::resume(folder / "missing", dcgan(), {}); }),
                  {"missing: no such run"});
  EXPECT_FALSE(fs::exists(folder / "missing"));
  put(folder / "note.txt", "");
  expect_mentions(error_of([&] { RunFolder::resume(folder.path(), dcgan(), {}); }), {"there is no run.json"});
  expect_mentions(error_of([&] { RunFolder::open(folder.path()); }), {"there is no run.json"});
  expect_mentions(error_of([&] { RunFolder::open(folder / "missing"); }), {"missing: no such run"});

  // Killed between the lock and run.json.
  fs::create_directory(folder / "young");
  put(folder / "young" / ".lock", "1\n");
  put(folder / "young" / ".run.json.17.tmp", "{");
  RunFolder::resume(folder / "young", dcgan(), {});
  EXPECT_EQ(RunFolder::open(folder / "young").run(), dcgan());
  EXPECT_FALSE(fs::exists(folder / "young" / ".run.json.17.tmp"));
}

TEST(RunFolder, ADamagedRunJsonIsNamed) {
  TemporaryFolder folder;
  for (const std::string bad : {"", "{\"model\":", "[]", "{}", "{\"model\":3}"}) {
    put(folder / "run.json", bad);
    expect_mentions(error_of([&] { RunFolder::open(folder.path()); }), {"run.json: damaged"});
    expect_mentions(error_of([&] { RunFolder::resume(folder.path(), dcgan(), {}); }), {"run.json: damaged"});
    EXPECT_EQ(get(folder / "run.json"), bad);
  }
}

TEST(RunFolder, NamesThatAreNotUtf8SurviveAResume) {
  TemporaryFolder folder;
  Json odd = dcgan();
  odd["data"] = "folder:/tmp/\xff\xfe";
  RunFolder::create(folder / "run", odd);
  RunFolder::resume(folder / "run", odd, {});
}

TEST(RunFolder, OneTrainerAtATime) {
  TemporaryFolder folder;
  int ready[2], done[2];
  ASSERT_EQ(pipe(ready) | pipe(done), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(done[1]);
    const RunFolder held = RunFolder::create(folder / "run", dcgan());
    char byte = 0;
    if (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 0) _exit(1);
    kill(getpid(), SIGKILL);
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  expect_mentions(error_of([&] { RunFolder::resume(folder / "run", dcgan(), {}); }),
                  {"another trainer (process " + std::to_string(child) + ")"});
  EXPECT_EQ(RunFolder::open(folder / "run").run(), dcgan());  // reading needs no lock
  close(done[1]);
  waitpid(child, nullptr, 0);
  RunFolder first = RunFolder::resume(folder / "run", dcgan(), {});  // SIGKILL has freed the lock
  EXPECT_THROW(RunFolder::resume(folder / "run", dcgan(), {}), Error);
  RunFolder moved = std::move(first);
  EXPECT_THROW(RunFolder::resume(folder / "run", dcgan(), {}), Error);
  for (const int file : {ready[0], ready[1], done[0]}) close(file);
}

TEST(RunFolder, TakesTheNewestGoodCheckpoint) {
  TemporaryFolder folder;
  const RunFolder run = RunFolder::create(folder / "run", dcgan());
  const auto check = [](const fs::path& path) {
    if (get(path) != "good") throw Error("tensor \"G/w\": 3 bytes, not 4");
  };
  EXPECT_FALSE(run.newest_checkpoint(check).checkpoint.has_value());
  put(run.checkpoint(100), "good");
  put(run.checkpoint(1000000), "good");
  put(run.checkpoint(200), "good");
  put(run.path() / "checkpoints" / "12.safetensors", "not our name");
  put(run.path() / "checkpoints" / "000300.safetensors.bak", "nor this");
  EXPECT_EQ(run.checkpoints().size(), 3u);
  EXPECT_EQ(run.newest_checkpoint(check).checkpoint->iteration, 1000000);

  put(run.checkpoint(1000000), "torn");
  const Recovery recovery = run.newest_checkpoint(check);
  EXPECT_EQ(recovery.checkpoint->path, run.checkpoint(200));
  ASSERT_EQ(recovery.damaged.size(), 1u);
  expect_mentions(recovery.damaged[0], {run.checkpoint(1000000).string(), "G/w"});

  put(run.checkpoint(100), "torn");
  put(run.checkpoint(200), "torn");
  expect_mentions(error_of([&] { run.newest_checkpoint(check); }),
                  {"none of 3", "1000000.safetensors", "G/w"});
}

TEST(RunFolder, KeepsTheLastCheckpoints) {
  TemporaryFolder folder;
  const RunFolder run = RunFolder::create(folder / "run", dcgan());
  for (int i = 100; i <= 600; i += 100) put(run.checkpoint(i), "");
  run.keep_checkpoints(2, 400);  // 500 and 600 lie beyond the one resumed from
  const auto left = run.checkpoints();
  ASSERT_EQ(left.size(), 4u);
  EXPECT_EQ(left[0].iteration, 300);
  run.keep_checkpoints(1, 600);
  run.keep_checkpoints(1, 600);
  ASSERT_EQ(run.checkpoints().size(), 1u);
  EXPECT_EQ(run.checkpoints()[0].iteration, 600);
}

}  // namespace ganymede::run
