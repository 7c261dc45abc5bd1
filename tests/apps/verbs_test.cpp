// Every verb leaves or prints what it says.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "gan/data/picture_file.h"
#include "gan/data/png.h"
#include "gan/models.h"
#include "tests/apps/program.h"

namespace ganymede::apps {
namespace {

using Words = std::vector<std::string>;
using nlohmann::json;

class Verbs : public ProgramTest {
 protected:
  std::string output(const Words& words) const {
    const Result r = run(words);
    EXPECT_EQ(r.status, 0) << r.err;
    return r.out;
  }
  void expect_has(const std::string& text, const Words& parts) const {
    for (const auto& p : parts) EXPECT_NE(text.find(p), text.npos) << p << " is not in:\n" << text;
  }
  data::PictureInfo picture(const std::string& name) const {
    return data::picture_info((*this / name).string(), data::Check::whole);
  }
  json run_json(const std::string& run) const { return json::parse(get(run + "/run.json")); }
};

TEST_F(Verbs, HelpAndVersion) {
  expect_has(output({"--help"}), {"models", "explain", "train", "sample", "report"});
  EXPECT_EQ(output({"--version"}).find('\n'), output({"--version"}).size() - 1);
  const std::string help = output({"train", "--help"});
  expect_has(help, {"--data", "fashion-mnist", "folder:DIR", "--resume", "--config", "--allow-inexact"});
}

TEST_F(Verbs, ModelsAsTextAndJson) {
  const std::string all = output({"models"});
  const json list = json::parse(output({"models", "--json"}));
  ASSERT_EQ(list.size(), models().size());
  for (size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(list[i]["id"], models()[i].id);
    EXPECT_EQ(list[i]["year"], models()[i].year);
    EXPECT_NE(list[i]["arxiv"].get<std::string>().empty(), list[i]["doi"].get<std::string>().empty()) << models()[i].id;
    expect_has(all, {"  " + models()[i].id + "  ", models()[i].paper, models()[i].published() + "  ", std::to_string(models()[i].year)});
  }
}

TEST_F(Verbs, ExplainShowsNetworksUpdatesAndSettings) {
  const std::string dcgan =
      output({"explain", "dcgan", "--data", "shapes:count=64", "--size", "16", "--set", "width=4"});
  expect_has(dcgan, {"network G", "network D", "[64, 16, 16, 3]", "updates, in order", "moves D: Adam",
                     "-E log D(G(z))", "settings", "width              4", "memory: ", "kernels: "});
  expect_has(output({"explain", "dcgan", "--data", "shapes:count=64", "--size", "16", "--device", "sim", "--precision", "bf16"}), {"an iteration in bf16 on sim"});
  refused(2, {"explain", "dcgan", "--precision", "f16"}, {"unknown precision f16"});
  refused(2, {"explain", "dcgan", "--device", "cpu", "--precision", "tf32"}, {"tf32", "on cpu use f32 or bf16"});
  expect_has(output({"explain", "gan", "--data", "shapes:count=64", "--size", "16"}),
             {"maxout", "network G", "momentum"});
  const std::string losses = output({"explain", "dcgan", "--losses", "--data", "shapes:count=64"});
  expect_has(losses, {"moves D", "-E log D(x)"});
  EXPECT_EQ(losses.find("network G"), losses.npos);
  const std::string all = output({"explain", "--all", "--losses"});
  for (const Model& m : models()) expect_has(all, {m.id + ": " + m.paper});
  // A setting that changes the losses changes the explanation.
  expect_has(
      output({"explain", "dcgan", "--losses", "--data", "shapes:count=64", "--set", "objective=wgan-gp"}),
      {"gp", "5 times"});
}

TEST_F(Verbs, TrainLeavesAWholeRun) {
  const Result r =
      run(tiny("run", {"--steps", "8", "--log-every", "2", "--sample-every", "4", "--save-every", "2"}));
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(r.out, "run\n");
  expect_has(r.err, {"dcgan on ", "1 thread; ", "iteration 8/8", "D/adv"});
  const json j = run_json("run");
  EXPECT_EQ(j["model"], "dcgan");
  EXPECT_EQ(j["steps"], 8);
  EXPECT_EQ(j["batch"], 4);
  EXPECT_EQ(j["log_every"], 2);
  EXPECT_EQ(j["settings"]["width"], "4");
  // 64 pictures of 16 px in a square, and the four real ones.
  for (const char* name : {"run/samples/000000.png", "run/samples/000004.png", "run/samples/000008.png"})
    EXPECT_TRUE(picture(name).width >= 8 * 16 && picture(name).width == picture(name).height) << name;
  EXPECT_GE(picture("run/reals.png").width, 2 * 16);
  EXPECT_NE(get("run/samples/000000.png"), get("run/samples/000008.png"));
  // The last three checkpoints are kept.
  EXPECT_FALSE(exists("run/checkpoints/000002.safetensors"));
  for (const char* at : {"4", "6", "8"})
    EXPECT_TRUE(exists("run/checkpoints/00000" + std::string(at) + ".safetensors"));
  const std::string stats = get("run/stats.jsonl");
  EXPECT_EQ(std::count(stats.begin(), stats.end(), '\n'), 4);
  const json line = json::parse(stats.substr(0, stats.find('\n')));
  EXPECT_EQ(line["iteration"], 2);
  EXPECT_DOUBLE_EQ(line["epoch"], 2 * 4 / 64.0);
  for (const char* name : {"D/adv", "G/adv", "D/real", "grad_norm/G"})
    EXPECT_TRUE(line.contains(name)) << name;
  expect_has(get("run/report.html"), {"<!DOCTYPE html>", "data:image/png;base64,", "D/adv"});
  bool events = false;
  for (const auto& [name, bytes] : files("run"))
    events |= name.starts_with("events.out.tfevents.") && bytes.size() > 1000;
  EXPECT_TRUE(events);
  // Nothing half-written stays behind.
  for (const auto& [name, bytes] : files("run"))
    EXPECT_TRUE(name == ".lock" || name.find("/.") == name.npos) << name;

  // report again, from what is there.
  std::filesystem::remove(*this / "run/report.html");
  EXPECT_EQ(output({"report", "run"}), "run/report.html\n");
  EXPECT_TRUE(exists("run/report.html"));
}

TEST_F(Verbs, SampleDrawsWhatWasAskedFor) {
  ASSERT_EQ(run(tiny("run", {"--steps", "4", "--save-every", "2"})).status, 0);
  EXPECT_EQ(output({"sample", "run"}), "samples.png\n");
  EXPECT_EQ(output({"sample", "run", "-n", "6", "--columns", "3", "--out", "a.png"}), "a.png\n");
  const auto whole = picture("samples.png"), a = picture("a.png");
  // Sheets may enlarge small pictures by a whole number; 3 columns and 2 rows of equal cells.
  EXPECT_EQ(whole.width, whole.height);
  EXPECT_NEAR(double(a.width) / double(a.height), 1.5, 0.1);
  EXPECT_EQ(a.channels, 3);
  const auto draw = [&](const Words& more) {
    Words words{"sample", "run", "-n", "6", "--out", "b.png"};
    words.insert(words.end(), more.begin(), more.end());
    output(words);
    return get("b.png");
  };
  const std::string standard = draw({});
  EXPECT_EQ(draw({}), standard);
  EXPECT_EQ(draw({"--seed", "1", "--iteration", "4"}), standard);
  EXPECT_NE(draw({"--seed", "2"}), standard);
  EXPECT_NE(draw({"--iteration", "2"}), standard);
  // The newest checkpoint that can be read.
  put("run/checkpoints/000004.safetensors", "damaged");
  const Result r = run({"sample", "run", "-n", "6", "--out", "b.png"});
  EXPECT_EQ(r.status, 0) << r.err;
  expect_has(r.err, {"passed over run/checkpoints/000004.safetensors"});
  EXPECT_EQ(get("b.png"), draw({"--iteration", "2"}));
}

TEST_F(Verbs, TrainOnAFolderOfPictures) {
  for (int i = 0; i < 6; ++i) {
    data::Picture p(20, 24, 3);
    for (size_t k = 0; k < p.pixels.size(); ++k) p.pixels[k] = uint8_t(k * (i + 3));
    std::filesystem::create_directories(*this / "pictures");
    data::write_png((*this / ("pictures/" + std::to_string(i) + ".png")).string(), p);
  }
  // An option's list ends with its first word: the model may follow --set.
  const Result r = run({"train",    "--out",     "run",     "--data", "folder:pictures", "--size", "16",
                        "--epochs", "2",         "--batch", "3",      "--precision",     "bf16",   "--device",
                        "cpu",      "--threads", "1",       "--set",  "width=2",         "dcgan"});
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(run_json("run")["steps"], 4);
  EXPECT_EQ(run_json("run")["precision"], "bf16");
  expect_has(r.err, {"6 pictures"});
  EXPECT_TRUE(exists("run/checkpoints/000004.safetensors"));
}

TEST_F(Verbs, ConfigFilesSetOptionsAndSettings) {
  put("c.toml",
      "# a small run\nmodel = \"dcgan\"\nout = \"run\"\ndata = \"shapes:count=64\"\nsize = 16\nbatch = "
      "4\nsteps = 3\nthreads = 1\n"
      "seed = 7\nlog_every = 1\n\n[settings]\nwidth = 2\nrate = 1e-3\nprior = \"uniform\"\n");
  Result r = run({"train", "--config", "c.toml"});
  ASSERT_EQ(r.status, 0) << r.err;
  json j = run_json("run");
  EXPECT_EQ(j["steps"], 3);
  EXPECT_EQ(j["seed"], 7);
  EXPECT_EQ(j["log_every"], 1);
  EXPECT_EQ(j["settings"]["width"], "2");
  EXPECT_EQ(std::stod(j["settings"]["rate"].get<std::string>()), 1e-3);
  EXPECT_EQ(j["settings"]["prior"], "uniform");
  // The command line counts more, whichever way it says it.
  r = run({"train", "--config", "c.toml", "--out", "other", "--set", "width=3", "--epochs", "0.25", "--seed",
           "8"});
  ASSERT_EQ(r.status, 0) << r.err;
  j = run_json("other");
  EXPECT_EQ(j["steps"], 4);
  EXPECT_EQ(j["seed"], 8);
  EXPECT_EQ(j["settings"]["width"], "3");
  EXPECT_EQ(j["settings"]["prior"], "uniform");
  // The same file resumes.
  EXPECT_EQ(run({"train", "--config", "c.toml", "--resume"}).status, 0);
}

TEST_F(Verbs, EveryModelTrains) {
  for (const Model& m : models()) {
    bool pictures = true;
    for (const auto& need : m.needs) pictures &= need == "image";
    if (!pictures) continue;
    Words words{"train", m.id, "--out", m.id, "--data", "shapes:count=16", "--size", m.id == "fastgan" ? "32" : "16", "--batch", "4", "--steps", "2"};
    if (m.id == "singan") words.insert(words.end(), {"--set", "min_size=12"});
    const Result r = run(words);
    EXPECT_EQ(r.status, 0) << m.id << ": " << r.err;
    EXPECT_EQ(output({"sample", m.id, "-n", "4", "--out", m.id + ".png"}), m.id + ".png\n");
  }
}

}  // namespace
}  // namespace ganymede::apps
