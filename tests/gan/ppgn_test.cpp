// PPGN: E stays as it was trained, D and G wait for one another, codes walk up the slope of what is wanted; what its networks, tasks and measures are.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/nets/ppgn.h"
#include "gan/parts/plug_and_play.h"
#include "gan/pictures.h"
#include "nn/net.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

TEST(Ppgn, TheEncoderIsFixedBitByBitBehindItsStage) { expect_frozen({"ppgn", {{"e_steps", "2"}}}, 2, 3, {"E1", "E2", "C"}); }

TEST(Ppgn, StagesReplayLikeEager) { expect_replayed({"ppgn", {{"e_steps", "4"}}}); }

// What moved in an iteration of G's stage, by the settings of who waits.
std::pair<bool, bool> moved(const std::map<std::string, std::string>& settings, double d_moved_before = 1) {
  TinyModel m{"ppgn", {{"e_steps", "0"}}};
  m.settings.insert(settings.begin(), settings.end());
  Tiny t(m);
  for (const auto& k : t->recipe().kept)
    if (k.name == "D moves") assign(k.value, full({1}, d_moved_before));
  const auto before = t.state();
  t->step();
  const auto now = t.state();
  bool d = false, g = false;
  for (const auto& [name, v] : before)
    if (v != now.at(name)) d |= name.starts_with("D.linear"), g |= name.starts_with("G.linear");
  return {d, g};
}

TEST(Ppgn, PlayersWaitForOneAnother) {
  using Both = std::pair<bool, bool>;
  EXPECT_EQ(moved({}), Both(true, true));
  EXPECT_EQ(moved({{"slow", "1000"}, {"quick", "1000"}}), Both(false, true));
  EXPECT_EQ(moved({{"behind", "0.001"}}), Both(true, false));
  // Between the two shares D does what it did.
  EXPECT_EQ(moved({{"slow", "0.001"}, {"quick", "1000"}}, 1), Both(true, true));
  EXPECT_EQ(moved({{"slow", "0.001"}, {"quick", "1000"}}, 0), Both(false, true));
  EXPECT_EQ(moved({{"slow", "0.001"}, {"quick", "0.002"}}, 0), Both(true, true));
}

// On a plane where pictures are codes: the direction is the sum of both slopes, and each step is as long as it is said to be.
TEST(Ppgn, CodesWalkAlongBothSlopes) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(1);
  const PlugAndPlay same{[](const Tensor& h) { return h * 2.0; }, [](const Tensor& x) { return x * 0.0 + 3.0; }};
  const Tensor start = tensor(std::vector<double>{1, 2, 5, 5}, {2, 2}, DType::f64, Device{});
  const auto wanted = [](const Tensor& x, const Tensor&) { return sum(square(x) * tensor(std::vector<double>{1, -1}, {1, 2}, DType::f64, Device{}), {1}); };
  // d = 0.5 (3 - h) + 0.25 * (8, -8) h:  (1 + 2, 0.5 - 4), (-1 + 10, -1 - 10)
  const auto once = walked(same, {.steps = 1, .prior = 0.5, .condition = 0.25, .step = 0.2}, wanted, start).to_doubles();
  const std::vector<double> d = {3, -3.5, 9, -11}, from = {1, 2, 5, 5};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(once[i], from[i] + 0.2 * d[i] / (i < 2 ? 3.25 : 10), 1e-12);
  // What is wanted of the code of a picture has a slope too.
  const PlugAndPlay back{[](const Tensor& h) { return h * 2.0; }, [](const Tensor& x) { return x * 1.5; }};
  for (const double v : walked(back, {.steps = 1, .prior = 0, .step = 0.3}, [](const Tensor&, const Tensor& code) { return sum(code, {1}); }, zeros({1, 2})).to_doubles()) EXPECT_NEAR(v, 0.3, 1e-12);
  // Steps fall linearly from the first to the last: 0.3, 0.2, 0.1 along a straight way.
  const auto straight = [](const Tensor& x, const Tensor&) { return sum(x, {1}); };
  for (const double v : walked(same, {.steps = 3, .prior = 0, .step = 0.3, .last_step = 0.1}, straight, zeros({1, 2})).to_doubles()) EXPECT_NEAR(v, 0.6, 1e-12);
  // Codes stay from 0 to 30.
  EXPECT_EQ(walked(same, {.steps = 1, .prior = 0, .step = 100}, straight, zeros({1, 2})).to_doubles(), (std::vector<double>{30, 30}));
  EXPECT_EQ(walked(same, {.steps = 1, .prior = 0, .condition = -1, .step = 100}, straight, zeros({1, 2})).to_doubles(), (std::vector<double>{0, 0}));
  // Noise alone: as long a step, another way each time.
  const auto noisy = [&] { return walked(same, {.steps = 1, .prior = 0, .condition = 0, .noise = 1, .step = 1}, straight, ones({1, 64}) * 9.0).to_doubles(); };
  const auto a = noisy(), b = noisy();
  double length = 0;
  for (const double v : a) length += std::abs(v - 9) / 64;
  EXPECT_NEAR(length, 1, 1e-9);
  EXPECT_NE(a, b);
}

// The slope of log p(c | G(h)) in h, by differences, through the model's own networks.
TEST(Ppgn, TheSlopeInCodesIsThatOfDifferences) {
  Tiny t({"ppgn", {}, {}, 0, {}, DType::f64});
  t->sampling(1, [&] {
    const auto net = [&](const std::string& name) {
      for (const nn::Net& n : t->recipe().nets)
        if (n.name() == name) return n;
      throw Error("no " + name);
    };
    const auto log_p = [&, G = net("G"), e1 = net("E1"), e2 = net("E2"), c = net("C")](const Tensor& h) { return slice(log_softmax(c(e2.infer(e1.infer(G(h))))), 1, 1, 2); };
    context().recording = true;
    const Tensor h = watch(abs(randn({1, 5})) + 0.1);
    const auto slope = grad(sum(log_p(h)), h).to_doubles();
    double largest = 0;
    for (int64_t i = 0; i < 5; ++i) {
      std::vector<double> unit(5);
      unit[size_t(i)] = 1e-6;
      const Tensor e = tensor(unit, {1, 5}, DType::f64, Device{});
      EXPECT_NEAR(slope[size_t(i)], (sum(log_p(h + e)).item() - sum(log_p(h - e)).item()) / 2e-6, 1e-5);
      largest = std::max(largest, std::abs(slope[size_t(i)]));
    }
    EXPECT_GT(largest, 1e-4);
    context().recording = false;
  });
}

TEST(Ppgn, HasTheLayersOfItsSource) {
  const auto parameters = [](const nn::Layer& l) {
    std::string shapes;
    const nn::Net net("net", l);
    for (const auto& p : net.parameters())
      if (p.name.find("weight") != std::string::npos) shapes += text(p.value.shape()) + " ";
    return shapes;
  };
  // The released G, for 256 pixels: weights of transposed convolutions have inputs first.
  EXPECT_EQ(parameters(nets::ppgn_generator({.size = 256, .units = 40, .features = 50})),
            "[40, 50] [40, 40] [4096, 40] [256, 4, 4, 256] [256, 3, 3, 512] [512, 4, 4, 256] [256, 3, 3, 256] [256, 4, 4, 128] [128, 3, 3, 128] [128, 4, 4, 64] [64, 4, 4, 32] [32, 4, 4, 3] ");
  EXPECT_EQ(parameters(nets::ppgn_discriminator({})), "[32, 7, 7, 3] [64, 5, 5, 32] [128, 3, 3, 64] [256, 3, 3, 128] [256, 3, 3, 256] [256, 256] [1, 256] ");
  // Sides between doublings are cut out of the next; 227 leaves an odd rest.
  for (const int side : {5, 16, 28, 33, 227}) EXPECT_EQ(nn::Net("G", nets::ppgn_generator({.size = side, .channels = 1, .width = 2, .units = 3, .features = 4}))(zeros({2, 4})).shape(), (Shape{2, side, side, 1}));
  EXPECT_EQ(nn::Net("E1", nets::ppgn_maps({.size = 28, .channels = 1, .width = 3}))(zeros({2, 28, 28, 1})).shape(), (Shape{2, 3, 3, 12}));
}

std::vector<Result> done(Tiny& t, const std::string& name, std::map<std::string, std::string> settings, const std::vector<NamedPicture>& pictures, int64_t n) {
  std::vector<Result> results;
  t->sampling(1, [&] {
    const Config c(t.config().data, std::move(settings));
    for (const Task& task : t->recipe().tasks)
      if (task.name == name) results = task.run({pictures, c, n});
  });
  return results;
}

double field_of(const std::vector<Result>& results, const std::string& key) {
  const std::string& json = results.back().json;
  const size_t at = json.find("\"" + key + "\": ");
  return at == std::string::npos ? NAN : std::stod(json.substr(at + key.size() + 4));
}

// Networks of so few steps see so little that a walk of one of them may end anywhere, by the processor's rounding: six of them do not.
// Beside where a walk begins, which its first step makes codes of, none below 0: a step of length 0 shows that.
TEST(Ppgn, WalksReachMoreOfWhatIsWanted) {
  constexpr int kTrained = 12;
  double likelier = 0;
  int alive = 0, grown = 0;
  for (uint64_t seed = 1; seed <= kTrained; ++seed) {
    Tiny t({.model = "ppgn", .settings = {{"e_steps", "8"}, {"e_rate", "0.01"}}, .seed = seed});
    for (int i = 0; i < 60; ++i) t->step();
    const auto after = [&](const std::string& of, const std::string& number, const std::string& walk, const std::string& step, const std::string& value) {
      return field_of(done(t, "draw", {{of, number}, {"walk", walk}, {"step", step}, {"last_step", step}, {"eps1", "0"}}, {}, 2), value);
    };
    likelier += after("class", "3", "60", "0.2", "probability") / after("class", "3", "1", "0", "probability") / kTrained;
    const double first = after("channel", "2", "1", "0", "value");
    if (first == 0) continue;   // behind its ReLU the unit has no slope
    ++alive, grown += after("channel", "2", "30", "0.02", "value") > first;
  }
  EXPECT_GT(likelier, 1.05);
  EXPECT_GE(alive, kTrained / 2);
  EXPECT_GE(grown, 0.7 * alive);
}

TEST(Ppgn, DrawsWhatIsWanted) {
  Tiny t({"ppgn", {{"e_steps", "8"}, {"e_rate", "0.01"}}});
  for (int i = 0; i < 60; ++i) t->step();
  const std::map<std::string, std::string> still{{"class", "3"}, {"walk", "0"}}, far{{"class", "3"}, {"walk", "60"}, {"step", "0.05"}, {"eps1", "0"}};
  EXPECT_EQ(done(t, "draw", far, {}, 3).size(), 5u);   // a sheet, three pictures, numbers
  // Pictures are where walks begin, a result each.
  const auto from = to_pictures(t->batch().image());
  EXPECT_EQ(done(t, "draw", still, {{"a", from[0]}, {"b", from[1]}}, 1).size(), 4u);
  EXPECT_THROW(done(t, "draw", {{"start", "2"}}, {{"a", from[0]}}, 1), UsageError);   // they begin at their own code
  EXPECT_THROW(done(t, "draw", {{"class", "99"}}, {}, 1), UsageError);
  EXPECT_THROW(done(t, "draw", {{"channel", "8"}}, {}, 1), UsageError);
}

TEST(Ppgn, FillsTheLightPartOfAMaskAndKeepsTheRest) {
  Tiny t({"ppgn", {}});
  t->step();
  const data::Picture p = to_pictures(t->batch().image())[0];
  data::Picture mask(16, 16, 1, 0);
  for (int64_t i = 0; i < 16; ++i)
    for (int64_t j = 0; j < 8; ++j) mask.pixels[size_t(i * 16 + j)] = 255;
  const auto results = done(t, "fill", {{"class", "1"}, {"walk", "3"}}, {{"p", p}, {"mask", mask}}, 2);
  ASSERT_EQ(results.size(), 4u);
  for (const size_t k : {1u, 2u}) {
    int changed = 0;
    for (int64_t i = 0; i < 16; ++i)
      for (int64_t j = 0; j < 16; ++j) {
        const bool same = results[k].frames[0].pixels[size_t(i * 16 + j)] == p.pixels[size_t(i * 16 + j)];
        if (j >= 8) EXPECT_TRUE(same);
        else changed += !same;
      }
    EXPECT_GT(changed, 60);
  }
  EXPECT_NE(results[1].frames[0].pixels, results[2].frames[0].pixels);
  EXPECT_THROW(done(t, "fill", {}, {{"p", p}, {"mask", data::Picture(16, 16, 1, 0)}}, 1), UsageError);
  EXPECT_THROW(done(t, "fill", {}, {{"p", p}, {"mask", data::Picture(16, 16, 1, 255)}}, 1), UsageError);
}

TEST(Ppgn, MeasuresAreOfWalks) {
  Tiny t({"ppgn", {{"walk", "2"}}});
  for (int i = 0; i < 3; ++i) t->step();
  t->sampling(1, [&] {
    const Evaluation e{.samples = 2, .each_batch = [&](const std::function<void(const Batch&)>& look) { look(t->batch()); },
                       .classify = [&](const Tensor& x) { return one_hot(full(Shape{x.dim(0)}, 0, DType::i64, Device{}), t.config().data.classes) * 9.0; }};
    int seen = 0;
    for (const Measure& m : t->recipe().measures) {
      const double v = m.value(e);
      EXPECT_TRUE(std::isfinite(v)) << m.name;
      if (m.name.starts_with("psnr")) continue;
      EXPECT_TRUE(v >= 0 && v <= 1) << m.name;
      ++seen;
    }
    EXPECT_EQ(seen, 5);
  });
}

TEST(Ppgn, RefusesWhatCannotBe) {
  EXPECT_EQ(refusal({"ppgn", {{"e_steps", "10"}}}), "setting e_steps=10: the run has 10 iterations, so none remain for G; set more --steps");
  EXPECT_EQ(refusal({"ppgn", {{"slow", "2"}}}), "setting quick=0.5: D begins again at a share not below slow=2");
  DataFacts facts;
  facts.classes = 1;
  EXPECT_THROW(find_model("ppgn").recipe(Config(facts, {})), UsageError);
}

}  // namespace
}  // namespace ganymede::test
