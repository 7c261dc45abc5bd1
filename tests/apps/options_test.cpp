// No option is taken in silence: each changes what is made, or is refused in one line.
#include <algorithm>
#include <map>

#include "tests/apps/program.h"

namespace ganymede::apps {
namespace {

using Words = std::vector<std::string>;

class Options : public ProgramTest {
 protected:
  Words words(const Words& first, const Words& more) const {
    Words all = first;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  // The picture that `sample` draws by these words; empty where they are refused.
  std::string drawn(const Words& asked) const {
    std::filesystem::remove(*this / "o.png");
    const Result r = run(words({"sample"}, words(asked, {"--out", "o.png"})));
    if (r.status == 0) return get("o.png");
    EXPECT_EQ(r.status, 2) << r.err;
    EXPECT_EQ(std::count(r.err.begin(), r.err.end(), '\n'), 1) << r.err;
    EXPECT_FALSE(exists("o.png")) << r.err;
    return "";
  }
};

TEST_F(Options, OfSampleChangeThePictureOrAreRefused) {
  ASSERT_EQ(run({"train", "acgan", "--data", "shapes:count=64", "--size", "16", "--batch", "4", "--steps", "1", "--set", "width=4", "--threads", "1", "--out", "classes"}).status, 0);
  ASSERT_EQ(run({"train", "pix2pix", "--data", "shapes:pairs,count=16", "--size", "16", "--batch", "2", "--steps", "1", "--set", "width=4", "--threads", "1", "--out", "pairs"}).status, 0);
  ASSERT_EQ(run({"train", "gan", "--data", "mixture:ring8", "--batch", "8", "--steps", "1", "--threads", "1", "--out", "points"}).status, 0);
  const std::map<std::string, Words> ways{{"plain", {}}, {"of a class", {"--class", "1"}}, {"classes", {"--classes"}}, {"lines", {"--interpolate", "linear"}}, {"traversal", {"--traverse", "0"}},
                                          {"nearest", {"--nearest"}}, {"animation", {"--animate", "--interpolate", "linear", "--rows", "2", "--steps", "2", "-n", "4"}}};
  const std::vector<Words> options{{"-n", "7"}, {"--columns", "3"}, {"--rows", "3"}, {"--steps", "3"}, {"--seed", "5"}, {"--truncation", "0.5"}, {"--temperature", "0.3"}, {"--class", "2"}, {"--interpolate", "slerp"}};
  int made = 0, turned_down = 0;
  for (const auto& [name, way] : ways)
    for (const char* model : {"classes", "pairs", "points"}) {
      const std::string plain = drawn(words({model}, way));
      EXPECT_FALSE(plain.empty() && std::string(model) == "classes") << name;
      if (plain.empty()) continue;
      for (const Words& option : options) {
        Words asked = words({model}, way);
        const auto there = std::find(asked.begin(), asked.end(), option[0]);
        if (there == asked.end()) asked = words(asked, option);
        else *std::next(there) = option[1];
        const std::string other = drawn(asked);
        EXPECT_NE(other, plain) << model << ' ' << name << ": " << option[0] << " is ignored";
        ++(other.empty() ? turned_down : made);
      }
    }
  EXPECT_GT(made, 40);
  EXPECT_GT(turned_down, 20);
}

TEST_F(Options, AreRefusedWhereTheySayNothing) {
  ASSERT_EQ(run(tiny("run", {"--steps", "1"})).status, 0);
  refused(2, {"sample", "run", "--rows", "3"}, {"--rows", "a sheet of samples", "--animate", "--traverse", "--interpolate"});
  refused(2, {"sample", "run", "--nearest", "-n", "4"}, {"-n", "--nearest"});
  refused(2, {"sample", "run", "--text", "a ring", "--text", "a star", "-n", "4"}, {"-n", "several --text"});
  refused(2, {"apply", "run", "--out", "made"}, {"--out", "task"});
  refused(2, {"export", "run", "--batch", "3"}, {"--batch", "--out"});
  refused(2, {"export", "run", "sample", "--height", "20", "--out", "made.onnx"}, {"--height", "sample"});
  refused(2, {"evaluate", "run", "--resize", "tf1"}, {"--resize", "--features"});
  refused(2, {"explain", "dcgan", "--losses", "--device", "cpu"}, {"--losses", "--device"});
  refused(2, tiny("other", {"--allow-inexact"}), {"--allow-inexact", "--resume"});
  refused(2, {"kernels", "--card", "sm_90"}, {"--card", "--rows"});
  refused(2, {"kernels", "--rows", "run", "conv2d.forward"}, {"--rows", "run"});
  refused(2, {"tune", "--shape", "A1", "--size", "16"}, {"--size", "model"});
  refused(2, {"tune", "dcgan", "--direction", "forward"}, {"--direction", "--shape"});
  refused(2, {"tune", "--show", "--variants"}, {"--show", "--variants"});
  EXPECT_FALSE(exists("made") || exists("made.onnx") || exists("other"));
}

// A model's sheet has as many rows as are asked for; a task that draws nothing makes one result of each input.
TEST_F(Options, SayHowMuchIsMade) {
  ASSERT_EQ(run({"train", "pan", "--data", "shapes:pairs,from=rain,count=16", "--size", "16", "--batch", "2", "--steps", "1", "--set", "width=4", "--set", "d_width=4", "--threads", "1", "--out", "run"}).status, 0);
  std::map<std::string, size_t> heights;
  for (const char* n : {"8", "3", "11"}) {
    const std::string png = drawn({"run", "-n", n});
    ASSERT_GT(png.size(), 24u);
    heights[n] = size_t(uint8_t(png[22])) << 8 | uint8_t(png[23]);
  }
  EXPECT_EQ(drawn({"run"}), drawn({"run", "-n", "8"}));
  EXPECT_EQ((heights["11"] - heights["8"]) * 5, (heights["8"] - heights["3"]) * 3);
  ASSERT_EQ(run({"sample", "run", "--out", "picture.png"}).status, 0);
  refused(2, {"apply", "run", "translate", "picture.png", "--out", "made", "-n", "2"}, {"translate draws nothing", "2"});
  EXPECT_EQ(run({"apply", "run", "translate", "picture.png", "--out", "made", "-n", "1"}).status, 0);
}

}  // namespace
}  // namespace ganymede::apps
