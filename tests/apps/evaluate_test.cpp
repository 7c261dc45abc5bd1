// ganymede evaluate, on a toy world of 8-pixel digits in IDX files, with a classifier that it trains itself.
#include <nlohmann/json.hpp>

#include "engine/safetensors.h"
#include "gan/data/random.h"
#include "tests/apps/program.h"
#include "tests/support/places.h"

namespace ganymede::apps {
namespace {

using nlohmann::json;

// Two classes: a bright left or right half under noise.
std::string idx_pictures(int64_t n, uint64_t seed) {
  std::string bytes{0, 0, 8, 3, 0, 0, char(n >> 8), char(n & 255), 0, 0, 0, 8, 0, 0, 0, 8};
  data::Random random(seed);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t k = 0; k < 64; ++k) bytes += char(uint8_t((k % 8 < 4) == (i % 2 == 0) ? 150 + random.below(100) : random.below(100)));
  return bytes;
}
std::string idx_labels(int64_t n) {
  std::string bytes{0, 0, 8, 1, 0, 0, char(n >> 8), char(n & 255)};
  for (int64_t i = 0; i < n; ++i) bytes += char(i % 2);
  return bytes;
}

class Evaluate : public ProgramTest {
 protected:
  Evaluate() {
    setenv("GANYMEDE_CACHE", (*this / "cache").c_str(), 1);
    std::filesystem::create_directories(*this / "halves");
    put("halves/train-images-idx3-ubyte", idx_pictures(400, 1)), put("halves/train-labels-idx1-ubyte", idx_labels(400));
    put("halves/t10k-images-idx3-ubyte", idx_pictures(200, 2)), put("halves/t10k-labels-idx1-ubyte", idx_labels(200));
  }
  ~Evaluate() override { unsetenv("GANYMEDE_CACHE"); }
  void train() const {
    const Result r = run({"train", "gan", "--data", "mnist:halves", "--size", "8", "--batch", "16", "--steps", "30", "--set", "width=16", "--set", "units=8", "--threads", "1", "--out", "run"});
    ASSERT_EQ(r.status, 0) << r.err;
  }
  static double value(const json& j, const std::string& name, const char* what = "value") {
    for (const auto& m : j["measures"])
      if (m["name"] == name) return m[what];
    ADD_FAILURE() << "no " << name << " in " << j.dump(1);
    return 0;
  }
};

TEST_F(Evaluate, MeasuresARunWithItsOwnClassifier) {
  train();
  const std::vector<std::string> words{"evaluate", "run", "-n", "200", "--json"};
  const Result first = run(words), second = run(words);
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_NE(first.err.find("training a classifier"), first.err.npos);
  EXPECT_EQ(second.err.find("training a classifier"), second.err.npos) << "the cache was not used";
  const json a = json::parse(first.out), b = json::parse(second.out);
  EXPECT_EQ(a["measures"], b["measures"]);
  EXPECT_NE(std::string(a["classifier"]).find("right on 100"), std::string::npos) << a["classifier"];
  EXPECT_NE(std::string(b["classifier"]).find("read from"), std::string::npos);
  EXPECT_NE(std::string(a["real"]).find("200 pictures that training did not see"), std::string::npos);
  // What training pictures get: a perfect model's figures.
  EXPECT_EQ(value(a, "classes-covered", "real"), 2);
  EXPECT_GT(value(a, "recall-own", "real"), 0.5);
  EXPECT_GT(value(a, "class-diversity", "real"), 0.8);
  // Thirty steps make noise.
  EXPECT_GT(value(a, "fid-own"), 3 * value(a, "fid-own", "real"));
  EXPECT_GE(value(a, "classifier-score"), 1);
  for (const auto& m : a["measures"]) EXPECT_GT(std::string(m["convention"]).size(), 20u);

  const Result table = run({"evaluate", "run", "-n", "200", "--metrics", "fid,coverage,cosine"});
  EXPECT_EQ(table.status, 0) << table.err;
  for (const char* part : {"fid-own", "classes-covered", "cosine-diversity (classifier)  ", "200 samples against 200 real pictures", "classifier the last hidden layer, 128", "iteration 30"})
    EXPECT_NE(table.out.find(part), table.out.npos) << part << " is not in:\n" << table.out;

  // Another seed, other samples; a damaged cache is made again.
  EXPECT_NE(run({"evaluate", "run", "-n", "200", "--metrics", "fid", "--seed", "9"}).out, run({"evaluate", "run", "-n", "200", "--metrics", "fid"}).out);
  for (const auto& entry : std::filesystem::directory_iterator(*this / "cache")) std::filesystem::resize_file(entry.path(), 100);
  const Result again = run(words);
  EXPECT_EQ(again.status, 0);
  EXPECT_NE(again.err.find("cannot be used and is made again"), again.err.npos) << again.err;
  EXPECT_EQ(json::parse(again.out)["measures"], a["measures"]);
}

TEST_F(Evaluate, WrongUseIsRefusedInALine) {
  train();
  ASSERT_EQ(run({"evaluate", "run", "--metrics", "coverage", "-n", "20"}).status, 0);  // the classifier is there from now on
  refused(2, {"evaluate"}, {"run folder", "--pictures"});
  refused(2, {"evaluate", "run", "--metrics", "fud"}, {"unknown metric fud", "fid, kid"});
  refused(2, {"evaluate", "run", "--metrics", "fid,"}, {"--metrics fid,"});
  refused(2, {"evaluate", "run", "--metrics", "sifid", "-n", "2"}, {"sifid", "200"});
  refused(2, {"evaluate", "run", "--metrics", "fid,pr", "-n", "3"}, {"metric pr takes at least 4 samples, not 3"});
  refused(2, {"evaluate", "run", "-n", "5"}, {"metric density takes at least 6 samples, not 5"});
  refused(2, {"evaluate", "run", "--metrics", "agreement", "-n", "2"}, {"agreement", "not drawn by class"});
  refused(2, {"evaluate", "run", "--resize", "tf1"}, {"--features"});
  refused(2, {"evaluate", "run", "--iteration", "7"}, {"iteration 7", "30"});
  refused(2, {"evaluate", "nowhere"}, {"nowhere"});
  refused(1, {"evaluate", "run", "--features", "halves/t10k-labels-idx1-ubyte", "-n", "2"}, {"t10k-labels-idx1-ubyte"});
  const std::string alexnet = test::source_dir() + "/tests/cases/metrics_features/alexnet.safetensors";
  refused(2, {"evaluate", "run", "--features", alexnet, "--resize", "tf1", "-n", "2"}, {"--resize is for Inception", "alexnet"});
}

TEST_F(Evaluate, StudiesWhichMeasureNoticesWhat) {
  const Result r = run({"study-measures", "--data", "mnist:halves", "-n", "100", "--out", "study"});
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(r.out, "study/measures.svg\n");
  const json j = json::parse(get("study/measures.json"));
  const auto last = [&](const char* damage, const char* measure) { return j[damage][measure]["values"].back().get<double>(); };
  const auto first = [&](const char* damage, const char* measure) { return j[damage][measure]["values"][0].get<double>(); };
  for (const char* damage : {"noise", "blur", "lost classes", "lost variety"}) {
    EXPECT_GT(last(damage, "Frechet distance"), 3 * first(damage, "Frechet distance")) << damage;
    EXPECT_EQ(first(damage, "classes covered"), 2) << damage;
  }
  EXPECT_EQ(last("lost classes", "classes covered"), 1);
  EXPECT_EQ(last("lost variety", "classes covered"), 2);
  EXPECT_NEAR(last("lost variety", "variety in classes"), 0, 1e-6);
  EXPECT_LT(last("lost variety", "recall"), 0.1);
  const std::string svg = get("study/measures.svg");
  size_t curves = 0;
  for (size_t at = 0; (at = svg.find("<polyline", at)) != std::string::npos; ++at) ++curves;
  EXPECT_EQ(curves, 28u);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  for (const char* part : {">all</text>", ">lost variety</text>", ">recall</text>", "class='unspoilt'", "100 spoilt training pictures of mnist:halves against 100 test pictures"})
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  EXPECT_NE(get("study/measures.md").find("| classes covered | 2.00 |"), std::string::npos);
  refused(2, {"study-measures", "--data", "mnist:halves", "-n", "20"}, {"-n", "100"});
}

TEST_F(Evaluate, PicturesWithoutLabelsNeedFeatures) {
  ASSERT_EQ(run(tiny("shapes", {"--steps", "2"})).status, 0);
  ASSERT_EQ(run({"sample", "shapes", "-n", "1", "--out", "one.png"}).status, 0);
  std::filesystem::create_directories(*this / "pictures");
  for (const char* name : {"a.png", "b.png", "c.png"}) std::filesystem::copy_file(*this / "one.png", *this / "pictures" / name);
  refused(2, {"evaluate", "--pictures", "pictures", "--data", "folder:pictures", "--size", "16"}, {"no labels", "--features FILE"});
  const std::string alexnet = test::source_dir() + "/tests/cases/metrics_features/alexnet.safetensors";
  const Result r = run({"evaluate", "--pictures", "pictures", "--data", "folder:pictures", "--size", "16", "--features", alexnet, "--metrics", "fid,ms-ssim", "--json"});
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_NE(r.err.find("no full rank"), r.err.npos) << r.err;
  const json j = json::parse(r.out);
  EXPECT_LT(std::abs(value(j, "fid (alexnet / 64)")), 1e-6);   // the same pictures
  EXPECT_NEAR(value(j, "ms-ssim"), 1, 1e-9);
  refused(2, {"evaluate", "--pictures", "pictures", "--data", "folder:pictures", "--seed", "3"}, {"--seed", "run"});
  // Before its last scale SinGAN draws smaller pictures than the data's, which their classifier does not take.
  ASSERT_EQ(run({"train", "singan", "--out", "small", "--data", "shapes:single,plain=1,count=64", "--size", "24", "--batch", "1", "--steps", "2", "--set", "width=4", "--set", "min_size=12", "--set", "iterations=5"}).status, 0);
  refused(2, {"evaluate", "small", "-n", "4", "--metrics", "coverage"}, {"metric coverage sees pictures by a classifier of the data", "the data 24x24, colour"});
  // What takes no network is there all the same, if the model has measures of its own.
  const Result own = run({"train", "bigan", "--out", "codes", "--data", "folder:pictures", "--size", "16", "--batch", "2", "--steps", "2", "--set", "width=6", "--set", "latent=3"});
  ASSERT_EQ(own.status, 0) << own.err;
  const Result bare = run({"evaluate", "codes", "-n", "4", "--json"});
  ASSERT_EQ(bare.status, 0) << bare.err;
  EXPECT_NE(bare.err.find("these are the model's own measures"), bare.err.npos) << bare.err;
  EXPECT_GT(value(json::parse(bare.out), "reconstruction"), 0);
  refused(2, {"evaluate", "codes", "-n", "4", "--metrics", "fid"}, {"no labels", "--features FILE"});
  // Batches are of eight or more, however it was trained: what compares samples with others of a batch sees others.
  const Result alone = run({"train", "cyclegan", "--out", "alone", "--data", "shapes:unpaired,count=40", "--size", "16", "--steps", "1", "--set", "width=3"});
  ASSERT_EQ(alone.status, 0) << alone.err;
  const Result spacing = run({"evaluate", "alone", "-n", "8", "--metrics", "spacing_b,same_b", "--json"});
  ASSERT_EQ(spacing.status, 0) << spacing.err;
  EXPECT_LT(std::abs(value(json::parse(spacing.out), "spacing_b")), 1);
  const Result two = run({"train", "cogan", "--out", "sides", "--data", "shapes:unpaired,a=filled,b=hollow,count=40", "--size", "16", "--batch", "2", "--steps", "1", "--set", "width=4", "--set", "d_width=2"});
  ASSERT_EQ(two.status, 0) << two.err;
  const Result of_sides = run({"evaluate", "sides", "-n", "4"});
  EXPECT_EQ(of_sides.status, 0) << of_sides.err;
  EXPECT_NE(of_sides.err.find("no field image"), of_sides.err.npos) << of_sides.err;
  refused(2, {"evaluate", "sides", "-n", "4", "--metrics", "ms-ssim"}, {"no field image"});
}

// Weights that end before the features, as public files of convolutions do.
TEST_F(Evaluate, NetworksOfMapsAloneServeWhatComparesMaps) {
  const SafetensorsFile whole = SafetensorsFile::read(test::source_dir() + "/tests/cases/metrics_features/alexnet.safetensors");
  auto about = whole.metadata();
  about["reach"] = "taps";
  std::vector<std::pair<std::string, RawTensor>> tensors, bare;
  for (const auto& name : whole.names())
    if (!name.starts_with("fc")) {
      tensors.emplace_back(name, whole.at(name));
      if (!name.starts_with("lpips")) bare.push_back(tensors.back());
    }
  write_safetensors(*this / "maps.safetensors", about, tensors), write_safetensors(*this / "bare.safetensors", about, bare);

  train();
  refused(2, {"evaluate", "run", "--features", "maps.safetensors", "--metrics", "fid", "-n", "20"}, {"fid needs the features", "maps.safetensors holds alexnet / 64 up to its maps", "lpips, cosine or sifid"});
  refused(2, {"evaluate", "run", "--features", "maps.safetensors", "--metrics", "is", "-n", "20"}, {"is needs the classes"});
  std::filesystem::create_directories(*this / "pictures");
  ASSERT_EQ(run({"sample", "run", "-n", "20", "--out", "sheet.png"}).status, 0);
  for (const char* name : {"a.png", "b.png"}) std::filesystem::copy_file(*this / "sheet.png", *this / "pictures" / name);
  const Result r = run({"evaluate", "--pictures", "pictures", "--data", "folder:pictures", "--size", "40", "--features", "maps.safetensors", "--json"});
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(json::parse(r.out)["measures"].size(), 1u);
  EXPECT_EQ(value(json::parse(r.out), "lpips (alexnet / 64)"), 0);   // the same picture twice
  const Result unweighted = run({"evaluate", "--pictures", "pictures", "--data", "folder:pictures", "--size", "40", "--features", "bare.safetensors", "--json"});
  ASSERT_EQ(unweighted.status, 0) << unweighted.err;
  EXPECT_EQ(value(json::parse(unweighted.out), "lpips-like (alexnet / 64)"), 0);

  // Of models with targets it is the distance to these; without the network it is left out.
  for (const auto& [model, data, measures] : {std::tuple{"pix2pix", "shapes:pairs,count=20", std::vector<const char*>{"lpips"}}, {"srcnn", "shapes:sr,scale=2,count=20", {"lpips", "lpips_bicubic"}},
                                             {"bicyclegan", "shapes:pairs,count=20", {"lpips_diversity", "real_lpips_diversity"}}}) {
    std::filesystem::remove_all(*this / "pairs");
    std::vector<std::string> words{"train", model, "--data", data, "--size", "32", "--batch", "4", "--steps", "1", "--threads", "1", "--out", "pairs"};
    if (std::string(model) != "srcnn") words.insert(words.end(), {"--set", "width=4"});
    ASSERT_EQ(run(words).status, 0);
    const Result without = run({"evaluate", "pairs", "-n", "8", "--json"}), with = run({"evaluate", "pairs", "-n", "8", "--features", "maps.safetensors", "--json"});
    ASSERT_EQ(without.status, 0) << without.err;
    ASSERT_EQ(with.status, 0) << with.err;
    EXPECT_EQ(json::parse(with.out)["measures"].size(), json::parse(without.out)["measures"].size() + measures.size()) << model;
    EXPECT_GT(value(json::parse(with.out), measures.back()), 0.001) << model;   // the outputs of bicyclegan do not vary yet
    EXPECT_GE(value(json::parse(with.out), measures.front()), 0) << model;
    refused(2, {"evaluate", "pairs", "-n", "8", "--metrics", measures[0]}, {measures[0], "needs --features"});
    refused(2, {"evaluate", "pairs", "-n", "8", "--features", "bare.safetensors"}, {"bare.safetensors holds no weights of LPIPS", model});
  }
  ASSERT_EQ(run({"train", "cyclegan", "--data", "shapes:unpaired,count=8", "--size", "32", "--batch", "1", "--steps", "1", "--set", "width=4", "--threads", "1", "--out", "sides"}).status, 0);
  refused(2, {"evaluate", "sides", "-n", "8", "--features", "maps.safetensors"}, {"cyclegan", "no measure that looks"});
}

}  // namespace
}  // namespace ganymede::apps
