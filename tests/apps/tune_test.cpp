// ganymede tune: counts on the simulator, keeps, is followed, refuses.
#include <stdlib.h>

#include <algorithm>

#include "tests/apps/program.h"

namespace ganymede::apps {
namespace {

class TuneVerb : public ProgramTest {
 protected:
  TuneVerb() { setenv("GANYMEDE_CACHE", (*this / "cache").c_str(), 1); }
  ~TuneVerb() override {
    unsetenv("GANYMEDE_CACHE");
    unsetenv("GANYMEDE_SIM_CAPABILITY");
  }
  std::string output(const std::vector<std::string>& words) const {
    const Result r = run(words);
    EXPECT_EQ(r.status, 0) << r.err;
    EXPECT_EQ(r.err, "");
    return r.out;
  }
  void expect_has(const std::string& text, const std::vector<std::string>& parts) const {
    for (const auto& p : parts) EXPECT_NE(text.find(p), text.npos) << p << " is not in:\n" << text;
  }
  // 16 positions and 40 outputs: counting finds better ways to cut its 1152 terms than the table, which looks at a machine of 128 blocks.
  static constexpr const char* kShape = "1,4,4,128,40,3,1,1";
  const std::vector<std::string> kRun{"kernels", "run", "conv2d.forward", "--shape", kShape, "--device", "sim", "--dtype", "bf16", "--check"};
};

TEST_F(TuneVerb, KeepsWhatItMeasuredAndRunsFollow) {
  const std::string before = output(kRun);
  const std::string said = output({"tune", "--device", "sim", "--shape", kShape, "--direction", "forward"});
  expect_has(said, {"1 convolutions, 0 attentions and 0 norms on simulator", "counted on the simulator, not timed", "forward bf16", "(table: ", "kept in "});
  expect_has(get("cache/tune.json"), {"\"format\": \"ganymede tune\"", "\"card\": \"simulator\"", "\"direction\": \"forward\"", "\"table_cost\""});
  const size_t at = said.find(": ", said.find("forward bf16")) + 2;
  const std::string choice = said.substr(at, said.find(',', at) - at), tile = choice.substr(0, choice.find(' ')), parts = choice.substr(choice.rfind(' ') + 1);
  const std::string line = "variant: " + tile + ", sums in " + parts;
  EXPECT_EQ(before.find(line), before.npos) << before;
  expect_has(output(kRun), {line, "relative error"});
  expect_has(output({"tune", "--show", "--device", "sim"}), {"simulator (this one): 1 convolutions, 0 attentions, 0 norms", choice});
  const std::string kept = get("cache/tune.json");
  output({"tune", "--device", "sim", "--shape", kShape, "--direction", "forward"});   // counts are the same every time
  EXPECT_EQ(get("cache/tune.json"), kept);
  expect_has(output({"tune", "--forget", "--device", "sim"}), {"forgotten: simulator"});
  expect_has(output({"tune", "--forget", "--device", "sim"}), {"nothing was kept"});
  EXPECT_EQ(output(kRun), before);
}

TEST_F(TuneVerb, TwinsAreMeasuredOnTheirCard) {
  setenv("GANYMEDE_SIM_CAPABILITY", "90", 1);
  const std::vector<std::string> words{"tune", "--device", "sim", "--shape", "1,8,8,64,64,1,1,0", "--direction", "forward", "--dtype", "tf32", "--file", "elsewhere.json"};
  const auto variants = [](const std::string& text) { return std::stoi(text.substr(text.rfind(", ", text.find(" variants")) + 2)); };
  const int with = variants(output(words));
  unsetenv("GANYMEDE_SIM_CAPABILITY");
  EXPECT_EQ(with, variants(output(words)) + 3);
  EXPECT_TRUE(exists("elsewhere.json"));
  EXPECT_FALSE(exists("cache/tune.json"));
}

TEST_F(TuneVerb, VariantsAreListedOnRequest) {
  std::vector<std::string> words{"tune", "--device", "sim", "--shape", kShape, "--direction", "forward", "--file", "elsewhere.json"};
  const auto lines = [](const std::string& text) {
    int count = 0;
    for (size_t at = text.find("\n  "); at != text.npos; at = text.find("\n  ", at + 1)) ++count;
    return count;
  };
  EXPECT_EQ(lines(output(words)), 0);
  words.push_back("--variants");
  const std::string said = output(words);
  EXPECT_GT(lines(said), 1);
  expect_has(said, {", " + std::to_string(lines(said)) + " variants"});
  // What is computed as a matrix product has nothing to choose.
  expect_has(output({"tune", "--device", "sim", "--shape", "2,4,4,8,16,4,1,0", "--direction", "data_gradient", "--file", "elsewhere.json"}), {"(as the table has it), 1 variants"});
}

TEST_F(TuneVerb, TakesTheConvolutionsOfAModel) {
  const std::string said = output({"tune", "dcgan", "--data", "shapes", "--size", "16", "--batch", "2", "--set", "width=4", "--device", "sim", "--dtype", "f32"});
  expect_has(said, {"forward f32", "data_gradient f32", "weight_gradient f32", "f32, y = relu of a norm by channels of outer, rows, channels = [", "f32, gradient of a norm by channels"});
}

TEST_F(TuneVerb, ForeignFilesAreRefusedByTuneAndLeftOutByRuns) {
  std::filesystem::create_directories(*this / "cache");
  put("cache/tune.json", "{\"format\": \"shopping list\"}\n");
  refused(1, {"tune", "--device", "sim", "--shape", kShape}, {"tune.json", "not a file of ganymede tune"});
  EXPECT_EQ(get("cache/tune.json"), "{\"format\": \"shopping list\"}\n");
  const Result r = run(kRun);
  EXPECT_EQ(r.status, 0) << r.err;
  expect_has(r.err, {"measured variants are left out", "not a file of ganymede tune"});
  EXPECT_EQ(std::count(r.err.begin(), r.err.end(), '\n'), 1);
}

// Both kernels of an attention are compared where the card has the twin; what the simulator counts is the same for both.
TEST_F(TuneVerb, ComparesAttentionWithItsTwin) {
  const std::vector<std::string> words{"tune", "--device", "sim", "--attention", "2,70,40,16,24", "--variants"};
  expect_has(output(words), {"0 convolutions, 3 attentions and 0 norms", "softmax(q k^T / sqrt(D)) v of B, queries, keys, D, E = [2, 70, 40, 16, 24]: mma", "1 variants"});
  setenv("GANYMEDE_SIM_CAPABILITY", "90", 1);
  expect_has(output(words), {"gradients of attention in keys and values", "gradient of attention in queries", "  twin, ", "2 variants"});
  expect_has(output({"tune", "--show", "--device", "sim"}), {"0 convolutions, 3 attentions", "[2, 70, 40, 16, 24]: mma"});
  expect_has(get("cache/tune.json"), {"\"attentions\"", "\"direction\": \"key_gradient\"", "\"twin\": false"});
}

// Two launches, a block that holds the rows, and where the card has them clusters; what the simulator counts is the same for all.
TEST_F(TuneVerb, ComparesTheWaysOfANorm) {
  const std::vector<std::string> words{"tune", "--device", "sim", "--norm", "2,70,24", "--variants"};
  expect_has(output(words), {"0 convolutions, 0 attentions and 3 norms", "bf16, y = relu of a norm by channels of outer, rows, channels = [2, 70, 24]: a block, ", "  two launches, ", "2 variants"});
  setenv("GANYMEDE_SIM_CAPABILITY", "90", 1);
  expect_has(output(words), {"gradient of a norm by", "gradients of a norm's gradient by", "  a cluster of 8, ", "5 variants"});
  expect_has(output({"tune", "--show", "--device", "sim"}), {"0 attentions, 3 norms", "[2, 70, 24]: a block"});
  expect_has(get("cache/tune.json"), {"\"norms\"", "\"direction\": \"second_gradient\"", "\"channels\": 24", "\"blocks\": 1"});
}

TEST_F(TuneVerb, RefusesInOneLine) {
  refused(2, {"tune"}, {"say what to measure", "--shape"});
  refused(2, {"tune", "--device", "cpu", "--shape", "A3"}, {"cpu", "cuda or sim"});
  refused(2, {"tune", "--device", "sim", "--shape", "A3"}, {"multiply-adds", "simulator takes at most"});
  refused(2, {"tune", "--device", "sim", "--shape", "Z9"}, {"tune:", "Z9", "A1 to F4"});
  refused(2, {"tune", "--device", "sim", "--shape", kShape, "--direction", "up"}, {"up", "weight_gradient"});
  refused(2, {"tune", "--device", "sim", "--shape", kShape, "--dtype", "f8"}, {"f8", "bf16"});
  refused(2, {"tune", "--device", "sim", "--show", "--shape", kShape}, {"--show"});
  refused(2, {"tune", "--device", "sim", "--attention", "1,2,3"}, {"tune: --attention 1,2,3 has 3 numbers", "B,queries,keys,D,E"});
  refused(2, {"tune", "--device", "sim", "--norm", "1,2"}, {"tune: --norm 1,2 has 2 numbers", "outer,rows,channels"});
  refused(2, {"tune", "--device", "sim", "--norm", "16,4096,512"}, {"multiply-adds", "simulator takes at most"});
  refused(2, {"tune", "--device", "sim", "--attention", "16,4096,4096,32,128"}, {"multiply-adds", "simulator takes at most"});
  refused(1, {"tune", "--device", "sim", "--shape", "1,2,2,4,4,1,1,0", "--file", "/proc/none/tune.json"}, {"/proc/none"});
  if (run({"kernels", "run", "softmax.forward", "--device", "cuda"}).status == 0) return;   // a machine with a card
  refused(1, {"tune", "--device", "cuda", "--shape", kShape}, {"cuda"});
  refused(1, {"tune", "--shape", kShape}, {"no usable card on this machine", "--device sim"});
}

}  // namespace
}  // namespace ganymede::apps
