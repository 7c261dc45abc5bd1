// Checkpoints and records of runs from anywhere: each that is damaged is refused in one line.
#include <nlohmann/json.hpp>

#include "engine/safetensors.h"
#include "gan/checkpoint.h"
#include "gan/checkpoint_metadata.h"
#include "gan/run/json.h"
#include "gan/session.h"
#include "tests/data/run_test_util.h"

namespace ganymede {
namespace {

using run::error_if_any;
using run::expect_mentions;
using run::TemporaryFolder;

TEST(Hostile, RunJsonOutOfItsRanges) {
  const run::Json whole = {{"model", "dcgan"}, {"data", "shapes"}, {"size", 16},      {"channels", 3},       {"batch", 4},
                           {"steps", 10},      {"seed", 1},        {"device", "cpu"}, {"precision", "f32"},  {"threads", 1},
                           {"settings", {{"width", "4"}}}};
  EXPECT_EQ(Session::from_run(whole).settings.at("width"), "4");
  const auto wrong = [&](const char* name, const run::Json& value, const std::string& written) {
    run::Json run = whole;
    run[name] = value;
    expect_mentions(error_if_any([&] { Session::from_run(run); }), {"run.json", name, written});
  };
  wrong("batch", 0, "0 is not a whole number from 1 to 1048576");
  wrong("batch", -4, "-4");
  wrong("batch", uint64_t(1) << 63, "9223372036854775808");
  wrong("batch", 4.5, "4.5");
  wrong("threads", int64_t(1) << 33, "from 1 to 1024");
  wrong("threads", "1", "\"1\"");
  wrong("steps", int64_t(1) << 40, "from 0 to 4294967296");
  wrong("seed", -1, "-1");
  wrong("size", 1e300, "is not a whole number");
  wrong("model", 3, "3 is not text");
  wrong("settings", {1, 2}, "is not an object");
  wrong("settings", {{"width", 4}}, "4 is not text");
  wrong("data", run::Json(std::vector<std::string>(100, "a long list")), "...");
  run::Json without = whole;
  without.erase("seed");
  expect_mentions(error_if_any([&] { Session::from_run(without); }), {"run.json", "\"seed\""});
}

TEST(Hostile, CheckpointsOfNoIteration) {
  TemporaryFolder folder;
  const std::string path = (folder / "c.safetensors").string();
  const auto with = [&](std::map<std::string, std::string> metadata) {
    write_safetensors(path, metadata, {});
    return error_if_any([&] { check_checkpoint(path, "dcgan"); });
  };
  const auto of = [&](const std::string& iteration) {
    return with({{"format", kCheckpointFormat}, {"model", "dcgan"}, {"iteration", iteration}});
  };
  EXPECT_EQ(of("12"), "");
  for (const char* wrong : {"12abc", "-1", "9223372036854775807", "4294967297", " 1", "0x1"})
    expect_mentions(of(wrong), {path, wrong, "must be a whole number from 0 to 4294967296"});
  expect_mentions(of(""), {path, "no iteration"});
  expect_mentions(with({{"format", "a\nb"}}), {path, "format \"a\\nb\"", "expected"});
  expect_mentions(with({{"format", kCheckpointFormat}, {"model", "g\nan"}}), {path, "\"g\\nan\"", "\"dcgan\""});
}

}  // namespace
}  // namespace ganymede
