// Walks through a latent space (sample) and tasks on pictures (apply).
#include <nlohmann/json.hpp>

#include <cstdlib>

#include "gan/data/apng.h"
#include "gan/data/picture_file.h"
#include "gan/data/png.h"
#include "tests/apps/program.h"

namespace ganymede::apps {
namespace {

using Words = std::vector<std::string>;

class Use : public ProgramTest {
 protected:
  Use() {
    setenv("GANYMEDE_CACHE", (*this / "cache").c_str(), 1);
    EXPECT_EQ(run(tiny("run", {"--steps", "3", "--set", "latent=6"})).status, 0);
  }
  ~Use() override { unsetenv("GANYMEDE_CACHE"); }
  data::PictureInfo picture(const std::string& name) const {
    return data::picture_info((*this / name).string(), data::Check::whole);
  }
  std::string done(const Words& words) const {
    const Result r = run(words);
    EXPECT_EQ(r.status, 0) << r.err;
    return r.out;
  }
};

TEST_F(Use, WalksThroughTheLatentSpace) {
  done({"sample", "run", "--interpolate", "slerp", "--rows", "2", "--steps", "4", "--out", "line.png"});
  EXPECT_NEAR(double(picture("line.png").width) / double(picture("line.png").height), 2, 0.1);
  done({"sample", "run", "--interpolate", "linear", "--rows", "2", "--steps", "4", "--out", "straight.png"});
  EXPECT_NE(get("line.png"), get("straight.png"));
  done({"sample", "run", "--traverse", "5", "--rows", "3", "--steps", "5", "--out", "one.png"});
  done({"sample", "run", "--traverse", "0", "--rows", "3", "--steps", "5", "--out", "other.png"});
  EXPECT_NE(get("one.png"), get("other.png"));
  done({"sample", "run", "--nearest", "--steps", "3", "--out", "near.png"});
  EXPECT_GT(picture("near.png").width, 3 * 16);
  done({"sample", "run", "-n", "4", "--truncation", "0.5", "--out", "short.png"});
  done({"sample", "run", "-n", "4", "--truncation", "2", "--out", "long.png"});
  EXPECT_NE(get("short.png"), get("long.png"));
  done({"sample", "run", "-n", "4", "--temperature", "1", "--columns", "2", "--out", "warm.png"});
  done({"sample", "run", "-n", "4", "--columns", "2", "--out", "own.png"});
  EXPECT_EQ(get("warm.png"), get("own.png"));
  done({"sample", "run", "-n", "4", "--temperature", "0.5", "--out", "cool.png"});
  EXPECT_NE(get("warm.png"), get("cool.png"));
}

TEST_F(Use, WalksInAnAnimation) {
  const auto frames = [&](const std::string& name) {
    const std::string file = get(name);
    std::vector<std::string> bodies;   // of the frames, from one frame control chunk to the next
    for (size_t at = file.find("fcTL"); at != file.npos;) {
      const size_t next = file.find("fcTL", at + 1);
      bodies.push_back(file.substr(at + 34, (next == file.npos ? file.size() - 12 : next - 4) - at - 38));
      at = next;
    }
    return bodies;
  };
  done({"sample", "run", "--animate", "-n", "3", "--columns", "3", "--rows", "2", "--steps", "3", "--out", "walk.png"});
  const auto walk = frames("walk.png");
  ASSERT_EQ(walk.size(), 6u);
  EXPECT_NE(walk[1], walk[2]);
  EXPECT_NE(walk[2], walk[3]);
  EXPECT_EQ(picture("walk.png").width, 3 * 32 + 4 * 2);
  // It begins at the samples of its seed, as a sheet has them.
  done({"sample", "run", "-n", "3", "--columns", "3", "--temperature", "1", "--out", "still.png"});
  EXPECT_EQ(data::read_picture((*this / "walk.png").string()).pixels, data::read_picture((*this / "still.png").string()).pixels);
  done({"sample", "run", "--animate", "-n", "3", "--columns", "3", "--rows", "2", "--steps", "3", "--interpolate", "linear", "--out", "straight.png"});
  const auto straight = frames("straight.png");
  EXPECT_EQ(straight[0], walk[0]);
  EXPECT_EQ(straight[3], walk[3]);
  EXPECT_NE(straight[1], walk[1]);
  refused(2, {"sample", "run", "--animate", "--rows", "1"}, {"--rows 1", "at least 2"});
  refused(2, {"sample", "run", "--animate", "--rows", "101", "--steps", "100"}, {"10100 frames", "at most 10000"});
  refused(2, {"sample", "run", "--animate", "-n", "65536", "--rows", "100", "--steps", "100"}, {"-n 65536", "GiB", "at most 4"});
  refused(2, {"sample", "run", "--animate", "--classes"}, {"--animate", "--classes"});
}

TEST_F(Use, WalksOverAttributesByNameAndEditsThem) {
  done({"train", "semi-latent-gan", "--data", "shapes:attributes,count=64", "--size", "16", "--batch", "8", "--steps", "2", "--set", "width=4", "--set", "latent=2", "--threads", "1", "--out", "semi"});
  done({"sample", "semi", "--traverse", "filled", "--rows", "3", "--out", "bit.png"});
  done({"sample", "semi", "--traverse", "red/green/blue", "--rows", "3", "--out", "one-of-three.png"});
  EXPECT_NEAR(double(picture("one-of-three.png").width) / double(picture("bit.png").width), 1.5, 0.1);
  refused(2, {"sample", "semi", "--traverse", "6"}, {"6", "from 0 to 5", "red/green/blue, filled"});
  done({"apply", "semi", "edit", "semi/reals.png", "--set", "blue=1", "--out", "blue"});
  done({"apply", "semi", "edit", "semi/reals.png", "--set", "red=1", "--out", "red"});
  EXPECT_NE(get("blue/reals.png"), get("red/reals.png"));
  done({"apply", "semi", "reconstruct", "semi/reals.png", "--out", "again"});
}

// Lines between pictures, and along the difference of two sets of pictures, in the codes of a flow.
TEST_F(Use, MovesPicturesThroughTheCodesOfAFlow) {
  done({"train", "glow", "--data", "shapes:count=64", "--size", "16", "--batch", "8", "--steps", "2", "--set", "width=4", "--set", "depth=1", "--set", "initial=8", "--threads", "1", "--out", "flow"});
  const std::string one = "flow/reals.png", other = "run/reals.png";
  done({"apply", "flow", "between", one, other, "--set", "steps=3", "--out", "line"});
  EXPECT_NE(get("line/between-1.png"), get("line/between-2.png"));
  EXPECT_NE(get("line/between-2.png"), get("line/between-3.png"));
  EXPECT_FALSE(exists("line/between-4.png"));
  // Along one picture less the other, a whole step from the other leads to the one.
  done({"apply", "flow", "move", other, one, other, "--set", "steps=2", "--out", "moved"});
  EXPECT_EQ(get("moved/move-1.png"), get("line/between-3.png"));
  EXPECT_EQ(get("moved/move-2.png"), get("line/between-1.png"));
  refused(2, {"apply", "flow", "move", one, other, "--out", "none"}, {"move"});
  refused(2, {"apply", "flow", "move", one, other, one, "--set", "with=2", "--out", "none"}, {"with=2"});
}

// The lower rows of pictures drawn anew by a model that draws pixel by pixel, which has neither codes to look for nor a graph.
TEST_F(Use, CompletesPicturesPixelByPixel) {
  done({"train", "pixelcnn", "--data", "shapes:count=64", "--size", "16", "--batch", "8", "--steps", "2", "--set", "width=2", "--set", "blocks=1", "--set", "initial=8", "--threads", "1", "--out", "pixels"});
  done({"sample", "pixels", "-n", "1", "--columns", "1", "--out", "given.png"});
  done({"apply", "pixels", "complete", "given.png", "--set", "rows=0", "--out", "anew"});
  done({"apply", "pixels", "complete", "anew/given-1.png", "-n", "2", "--set", "rows=15", "--out", "whole"});
  const auto row_of = [&](const std::string& name, int row) {
    const data::Picture p = data::read_picture((*this / name).string());
    return std::vector<uint8_t>(p.at(row, 0), p.at(row, 0) + p.width * p.channels);
  };
  for (const int row : {0, 14})
    for (const char* name : {"whole/given-1-1.png", "whole/given-1-2.png"}) EXPECT_EQ(row_of(name, row), row_of("anew/given-1.png", row));
  EXPECT_NE(row_of("whole/given-1-1.png", 15), row_of("whole/given-1-2.png", 15));
  refused(2, {"apply", "pixels", "complete", "given.png", "--set", "rows=16", "--out", "none"}, {"rows=16"});
  refused(2, {"apply", "pixels", "invert", "given.png", "--out", "none"}, {"invert", "complete"});
  refused(2, {"export", "pixels"}, {"pixelcnn", "no function"});
}

// Codes that walk to what a network wants that is trained on other labels then and there.
TEST_F(Use, DrawsWhatAnotherClassifierWants) {
  done({"train", "ppgn", "--data", "shapes:single,plain=1,count=64", "--size", "16", "--batch", "8", "--steps", "60", "--set", "width=16", "--set", "features=32", "--set", "walk=5", "--threads", "1", "--out", "plug"});
  const std::string of = "of=shapes:single,plain=1,count=400,label=colour";
  const auto probability = [&](const std::string& folder) {
    const std::string json = get(folder + "/drawn.json");
    return std::stod(json.substr(json.find("\"probability\": ") + 15));
  };
  done({"apply", "plug", "draw", "--set", of, "--set", "class=5", "--set", "walk=0", "--out", "begun"});
  done({"apply", "plug", "draw", "--set", of, "--set", "class=5", "--set", "walk=100", "--set", "step=0.2", "--out", "walked"});
  EXPECT_GT(probability("walked"), 0.7);
  EXPECT_LT(probability("begun"), 0.3);
  refused(2, {"apply", "plug", "draw", "--set", of, "--set", "class=8", "--out", "none"}, {"class=8", "8 classes, 0 to 7"});
  refused(2, {"apply", "plug", "draw", "--set", "of=shapes:unpaired", "--out", "none"}, {"hold no pictures"});
  refused(2, {"export", "plug"}, {"ppgn", "no function"});
}

TEST_F(Use, RefusesWalksThatTheModelCannotTake) {
  refused(2, {"sample", "run", "--classes"}, {"dcgan", "no classes"});
  refused(2, {"sample", "run", "--class", "1"}, {"no classes"});
  refused(2, {"sample", "run", "--traverse", "6"}, {"6", "from 0 to 5"});
  refused(2, {"sample", "run", "--interpolate", "round"}, {"round", "linear or slerp"});
  refused(2, {"sample", "run", "--interpolate", "linear", "--steps", "1"}, {"1", "at least 2"});
  EXPECT_FALSE(exists("samples.png"));
}

// Captions in words: a sheet of one, rows of several from the same noise, and what lies between two.
TEST_F(Use, DrawsByCaption) {
  done({"train", "gan-int-cls", "--data", "shapes:single,label=both,count=64", "--size", "16", "--batch", "8", "--steps", "6", "--set", "width=4", "--set", "d_width=4", "--set", "latent=4", "--set", "text_steps=2",
        "--set", "style_steps=2", "--threads", "1", "--out", "words"});
  EXPECT_EQ(done({"sample", "words", "--text", "A small red circle on a dark ground.", "-n", "4", "--out", "circle.png"}), "circle.png\n");
  done({"sample", "words", "--text", "a blue star", "-n", "4", "--out", "star.png"});
  EXPECT_NE(get("circle.png"), get("star.png"));
  EXPECT_EQ(picture("circle.png").width, picture("circle.png").height);
  done({"sample", "words", "--text", "a blue star", "--text", "a red ring", "--steps", "3", "--out", "rows.png"});
  EXPECT_GT(picture("rows.png").width, picture("rows.png").height);
  done({"sample", "words", "--text", "a blue star", "--text", "a red ring", "--interpolate", "linear", "--rows", "2", "--steps", "5", "--out", "between.png"});
  EXPECT_GT(picture("between.png").width, 2 * picture("between.png").height);
  refused(2, {"sample", "words", "--text", "a red elephant"}, {"elephant", "50 words"});
  refused(2, {"sample", "words", "--text", "a red ring", "--interpolate", "linear"}, {"two", "1"});
  refused(2, {"sample", "run", "--text", "a red ring"}, {"dcgan", "caption"});
  refused(2, {"sample", "words", "--text", "a red ring", "--truncation", "1"}, {"--text", "--truncation"});
  refused(2, {"sample", "words", "--text", "a red ring", "--temperature", "1"}, {"--text", "--temperature"});
  refused(2, {"train", "gan-int-cls", "--data", "fashion-mnist", "--out", "none"}, {"tokens", "shapes:single,plain=1,label=both"});
}

// In a box or at keypoints, of which those that are not given are found; moved and stretched from one noise.
TEST_F(Use, DrawsWhereItIsTold) {
  // Long enough for pictures that are more than grey.
  const Words train{"train", "gawwn", "--data", "shapes:objects=1,label=both,count=64", "--size", "16", "--batch", "8", "--steps", "80", "--set", "text_steps=2", "--set", "width=4", "--set", "d_width=2", "--set", "grid=8", "--threads", "1"};
  const auto with = [](Words all, const Words& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  done(with(train, {"--out", "boxes"}));
  done(with(train, {"--set", "location=keypoints", "--set", "keypoint_units=4", "--out", "points"}));
  done({"sample", "boxes", "--text", "a red ring", "-n", "4", "--out", "ring.png"});
  const auto apply = [&](const std::string& run, const std::string& task, const std::string& out, const Words& more) { return with({"apply", run, task, "--set", "text=a red ring", "--out", out}, more); };
  done(apply("boxes", "draw", "left", {"--set", "box=0,0.1,0.4,0.5"}));
  done(apply("boxes", "draw", "right", {"--set", "box=0.6,0.1,1,0.5"}));
  EXPECT_NE(get("left/drawn.png"), get("right/drawn.png"));
  done(apply("boxes", "draw", "several", {"-n", "2"}));
  EXPECT_TRUE(exists("several/drawn-1.png") && exists("several/drawn-2.png") && !exists("several/drawn-3.png"));
  done(apply("points", "draw", "found", {}));
  done(apply("points", "draw", "given", {"--set", "keypoints=0.25,0.75 - - - 1,0"}));
  const auto given = nlohmann::json::parse(get("given/keypoints.json")).at("keypoints");
  ASSERT_EQ(given.size(), 5u);
  EXPECT_EQ(given[0], nlohmann::json::parse("[0.25, 0.75, 1]"));
  EXPECT_EQ(given[4], nlohmann::json::parse("[1, 0, 1]"));
  EXPECT_NE(given[1][0], 0);
  for (const std::string run : {"boxes", "points"})
    for (const std::string task : {"move", "stretch"}) {
      done(apply(run, task, run + task, {"--set", "steps=3"}));
      EXPECT_EQ(picture(run + task + "/" + task + ".png").width, 3 * 4 * 16 + 4 * 2);
    }
  EXPECT_NE(get("boxesmove/move.png"), get("boxesstretch/stretch.png"));
  refused(2, apply("boxes", "draw", "none", {"--set", "box=0.4,0,0.2,1"}), {"box=0.4,0,0.2,1", "right"});
  refused(2, apply("boxes", "draw", "none", {"--set", "box=0,0,1"}), {"0,0,1", "4 numbers"});
  refused(2, apply("boxes", "draw", "none", {"--set", "box=0,0,1,2"}), {"from 0 to 1"});
  refused(2, apply("boxes", "draw", "none", {"--set", "keypoints=0.5,0.5"}), {"keypoints"});
  refused(2, apply("points", "draw", "none", {"--set", "keypoints=0.5,0.5 -"}), {"2 places", "5 keypoints"});
  refused(2, apply("points", "draw", "none", {"--set", "keypoints=0.5 - - - -"}), {"2 numbers"});
}

TEST_F(Use, SamplesWithoutTheTrainingData) {
  // A folder that is gone by the time samples are wanted.
  std::filesystem::create_directories(*this / "photos");
  for (int i = 0; i < 4; ++i) std::filesystem::copy_file(*this / "run/reals.png", *this / ("photos/" + std::to_string(i) + ".png"));
  ASSERT_EQ(run({"train", "dcgan", "--data", "folder:photos", "--size", "16", "--set", "width=4", "--batch", "2", "--steps", "2", "--out", "own"}).status, 0);
  std::filesystem::remove_all(*this / "photos");
  done({"sample", "own", "-n", "4"});
  EXPECT_TRUE(exists("samples.png"));
}

TEST_F(Use, AppliesTasksToPictures) {
  EXPECT_NE(done({"apply", "run"}).find("invert"), std::string::npos);
  std::filesystem::create_directories(*this / "in");
  std::filesystem::copy_file(*this / "run/reals.png", *this / "in/first.png");
  std::filesystem::copy_file(*this / "run/samples/000003.png", *this / "in/second.png");
  EXPECT_EQ(done({"apply", "run", "invert", "in", "--out", "out", "--set", "steps=2"}), "out/sheet.png\nout/first.png\nout/second.png\n");
  EXPECT_EQ(picture("out/first.png").width, 16);
  EXPECT_GT(picture("out/sheet.png").width, 2 * 16);
  // More steps come nearer to the picture, so the result changes.
  done({"apply", "run", "invert", "in/first.png", "--out", "long", "--set", "steps=20"});
  EXPECT_NE(get("long/first.png"), get("out/first.png"));

  // An animation is taken for its first picture, and that is said.
  std::filesystem::create_directories(*this / "moving");
  data::write_animation((*this / "moving/steps.png").string(), {data::Picture(16, 16, 3, 9), data::Picture(16, 16, 3, 90)}, 10);
  const Result moving = run({"apply", "run", "invert", "moving", "--out", "still", "--set", "steps=2"});
  EXPECT_EQ(moving.status, 0);
  EXPECT_NE(moving.err.find("moving/steps.png is animated"), moving.err.npos) << moving.err;

  refused(2, {"apply", "run", "fly", "in", "--out", "x"}, {"fly", "invert"});
  refused(2, {"apply", "run", "invert", "in"}, {"--out"});
  refused(2, {"apply", "run", "invert", "--out", "x"}, {"1 to 4096", "not 0"});
  refused(2, {"apply", "run", "invert", "in", "--out", "x", "--set", "speed=1"}, {"speed", "steps, rate"});
  refused(2, {"apply", "run", "invert", "in", "--out", "x", "--set", "steps=0"}, {"steps=0", "from 1"});
  refused(2, {"apply", "run", "invert", "in/first.png", "in", "--out", "x"}, {"first", "rename"});
  refused(1, {"apply", "run", "invert", "nothing.png", "--out", "x"}, {"nothing.png"});
  EXPECT_FALSE(exists("x"));
}

// A translation has its picture's name, and both together go to the discriminator.
TEST_F(Use, ScoresATranslationBesideItsPicture) {
  ASSERT_EQ(run({"train", "pix2pix", "--out", "pairs", "--data", "shapes:pairs,count=32", "--size", "16", "--set", "width=4", "--batch", "1", "--threads", "1", "--steps", "1"}).status, 0);
  std::filesystem::create_directories(*this / "in");
  data::write_png((*this / "in/a.png").string(), data::Picture(16, 16, 1, 200));
  done({"apply", "pairs", "translate", "in/a.png", "--out", "made"});
  EXPECT_EQ(done({"apply", "pairs", "score", "in/a.png", "made/a.png", "--out", "scores"}), "scores/a.png\n");
  EXPECT_EQ(picture("scores/a.png").width, 16);
  // Here both would name a result.
  refused(2, {"apply", "pairs", "translate", "in/a.png", "made/a.png", "--out", "x"}, {"two results", "named a", "rename"});
  EXPECT_FALSE(exists("x"));
}

TEST_F(Use, WritesAGraph) {
  EXPECT_NE(done({"export", "run"}).find("sample  z [n, 6]"), std::string::npos);
  done({"export", "run", "--out", "g.onnx", "--batch", "2"});
  EXPECT_NE(get("g.onnx").find("ConvTranspose"), std::string::npos);
  const std::string before = get("g.onnx");
  refused(2, {"export", "run", "translate", "--out", "g.onnx"}, {"no function translate", "it has sample"});
  refused(2, {"export", "run", "sample"}, {"--out"});
  refused(1, {"export", "run", "--out", "nowhere/g.onnx"}, {"nowhere"});
  refused(2, {"export", "none", "--out", "g.onnx"}, {"none"});
  EXPECT_EQ(get("g.onnx"), before);
  // What sizes a network takes, it knows itself.
  done({"train", "vae-gan", "--data", "shapes:single,plain=1,count=16", "--size", "16", "--batch", "2", "--steps", "1", "--set", "width=4", "--set", "latent=3", "--threads", "1", "--out", "codes"});
  refused(2, {"export", "codes", "encode", "--height", "20", "--out", "g.onnx"}, {"encode", "--width 20 --height 20", "16x16"});
  EXPECT_EQ(get("g.onnx"), before);
}

}  // namespace
}  // namespace ganymede::apps
