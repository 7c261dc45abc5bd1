// StarGAN v2: its networks, who is whose reference, what its measures say of results that are known.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "engine/autograd.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/nets/stargan_v2.h"
#include "gan/pictures.h"
#include "gan/uses/domain_styles.h"
#include "gan/uses/outstanding.h"
#include "nn/init.h"
#include "tests/data/data_test_util.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/difference.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

using nets::StarganV2Shape;

Tensor rows(const std::vector<double>& v, int64_t width) { return tensor(v, {int64_t(v.size()) / width, width}, context().dtype, Device{}); }

// Of the authors' networks for 256 px, computed from their sizes; G without the high-pass skips.
TEST(StarganV2, HasAsManyParametersAsTheAuthors) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  const auto count = [](const nn::Layer& l) { return nn::parameter_count(*l); };
  for (const auto& [domains, f, e, d] : {std::tuple{2, 2438272, 20916928, 20852290}, {3, 3259072, 20949760, 20852803}}) {
    const StarganV2Shape s{.domains = domains};
    EXPECT_EQ(count(nets::stargan_v2_generator(s)), 33892995);
    EXPECT_EQ(count(nets::stargan_v2_mapping(s)), f);
    EXPECT_EQ(count(nets::stargan_v2_encoder(s)), e);
    EXPECT_EQ(count(nets::stargan_v2_discriminator(s)), d);
  }
}

TEST(StarganV2, TakesPicturesThatHalveToFour) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(1);
  const Tensor y = rows({1, 0, 0, 0, 0, 1}, 3);
  for (const auto& [size, halvings] : {std::pair{8, 1}, {16, 1}, {32, 1}, {64, 2}, {128, 3}, {256, 4}}) {
    const StarganV2Shape s{.size = size, .channels = 1, .width = 1, .most_width = 2, .halvings = nets::stargan_v2_halvings(size), .style = 3, .latent = 2, .hidden = 4, .domains = 3};
    EXPECT_EQ(s.halvings, halvings);
    const Tensor x = random_tensor({2, size, size, 1}, 1), style = nn::Net("F", nets::stargan_v2_mapping(s))(random_tensor({2, 2}, 2), y);
    EXPECT_EQ(style.shape(), (Shape{2, 3}));
    const Tensor made = nn::Net("G", nets::stargan_v2_generator(s))(x, style);
    EXPECT_EQ(made.shape(), x.shape());
    EXPECT_EQ(nn::Net("E", nets::stargan_v2_encoder(s))(made, y).shape(), style.shape());
    EXPECT_EQ(nn::Net("D", nets::stargan_v2_discriminator(s))(made, y).shape(), (Shape{2, 1}));
  }
  EXPECT_NE(refusal({.model = "stargan-v2", .size = 24}).find("a picture size of 24: StarGAN v2 takes 8, 16, 32, 64, ... pixels; set --size"), std::string::npos);
  EXPECT_NE(refusal({.model = "stargan-v2", .settings = {{"halvings", "3"}}}).find("setting halvings=3"), std::string::npos);
  const auto parameters = [](const char* halvings) { return Tiny({.model = "stargan-v2", .settings = {{"halvings", halvings}}})->recipe().nets[0].parameter_count(); };
  EXPECT_GT(parameters("2"), parameters("1"));
}

TEST(StarganV2, EachDomainHasAHeadOfItsOwn) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(1);
  const StarganV2Shape s{.size = 8, .channels = 1, .width = 2, .most_width = 4, .halvings = 1, .style = 3, .latent = 2, .hidden = 4, .domains = 3};
  const nn::Net F("F", nets::stargan_v2_mapping(s)), E("E", nets::stargan_v2_encoder(s)), D("D", nets::stargan_v2_discriminator(s));
  const Tensor x = random_tensor({3, 8, 8, 1}, 1), z = random_tensor({3, 2}, 2), mixed = rows({0, 1, 0, 0, 0, 1, 1, 0, 0}, 3);
  for (const auto& [net, in] : {std::pair{F, z}, {E, x}, {D, x}}) {
    Tensors of;
    for (int64_t k = 0; k < 3; ++k) {
      std::vector<double> v(9);
      for (size_t i = 0; i < 3; ++i) v[3 * i + size_t(k)] = 1;
      of.push_back(net(in, rows(v, 3)));
    }
    EXPECT_GT(furthest(of[0], of[1]), 1e-3) << net.name();
    EXPECT_GT(furthest(of[1], of[2]), 1e-3) << net.name();
    const Tensor said = net(in, mixed);
    for (const auto& [i, k] : {std::pair{0, 1}, {1, 2}, {2, 0}}) EXPECT_LT(furthest(said.rows(i, i + 1), of[size_t(k)].rows(i, i + 1)), 1e-12) << net.name();
    EXPECT_THROW(net(in), Error);
    EXPECT_THROW(net(in, rows({1, 0, 0, 1, 0, 1}, 2)), Error);
  }
}

TEST(StarganV2, TheStyleReachesThePictureAndHasAGradient) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(1);
  const StarganV2Shape s{.size = 8, .channels = 1, .width = 2, .most_width = 4, .halvings = 1, .style = 3, .domains = 2};
  const nn::Net G("G", nets::stargan_v2_generator(s));
  const Tensor x = random_tensor({2, 8, 8, 1}, 1), style = random_tensor({2, 3}, 2);
  for (int64_t k = 0; k < 3; ++k) {
    std::vector<double> other = style.to_doubles();
    other[size_t(k)] += 1;
    const Tensor change = abs(G(x, rows(other, 3)) - G(x, style));
    EXPECT_GT(max(change.rows(0, 1)).item(), 1e-3) << k;
    EXPECT_LT(max(change.rows(1, 2)).item(), 1e-12) << k;   // each sample has its own
  }
  EXPECT_EQ(gradcheck([&](const Tensors& in) { return Tensors{G(in[0], in[1])}; }, {x, style}), "");
}

// ---- domains

TEST(Domains, AreOneAttributeOrSomeThatExcludeOneAnother) {
  ContextScope scope;
  DataFacts facts;
  facts.attributes = {"red", "green", "blue", "filled"};
  const auto of = [&](const std::string& list) { return Domains(Config(facts, {{"attributes", list}}), {}); };
  const Batch b{3, {{"attributes", rows({0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1}, 4)}}};
  EXPECT_EQ(of("filled").names(), (std::vector<std::string>{"not-filled", "filled"}));
  EXPECT_EQ(of("filled").of(b).to_floats(), (std::vector<float>{0, 1, 1, 0, 0, 1}));
  const Domains colours = of("green/red/blue");
  EXPECT_EQ(colours.names(), (std::vector<std::string>{"green", "red", "blue"}));
  EXPECT_EQ(colours.of(b).to_floats(), (std::vector<float>{1, 0, 0, 0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(colours.row(2, 1).to_floats(), (std::vector<float>{0, 1, 0, 0, 1, 0}));
  EXPECT_EQ(colours.number("to", "blue"), 2);
  const auto error = [](const auto& f) {
    try {
      f();
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(error([&] { colours.number("to", "pink"); }), "setting to=pink: it must be one of the domains green, red, blue");
  EXPECT_EQ(error([&] { colours.number("to", ""); }), "setting to: it must be one of the domains green, red, blue");
  data::expect_mentions(error([&] { of("red/green,filled"); }), {"attributes=red/green,filled", "one domain"});
  facts.attributes.clear(), facts.classes = 3;   // classes alone
  const Domains classes(Config(facts, {}), {});
  EXPECT_EQ(classes.names(), (std::vector<std::string>{"class0", "class1", "class2"}));
  EXPECT_EQ(classes.of({2, {{"label", tensor(std::vector<int64_t>{2, 0}, {2}, Device{})}}}).to_floats(), (std::vector<float>{0, 0, 1, 1, 0, 0}));
}

TEST(Domains, CompanionsAreOfTheSameDomainAndEachIsChosenOnce) {
  ContextScope scope;
  seed(1);
  const std::vector<int> kind{0, 1, 0, 2, 1, 0, 1, 0};   // 3 is alone
  std::vector<double> v(24);
  for (size_t i = 0; i < 8; ++i) v[3 * i + size_t(kind[i])] = 1;
  const Tensor y = rows(v, 3);
  std::set<int64_t> of_first;
  for (int k = 0; k < 40; ++k) {
    const auto to = companions(y).to_integers();
    EXPECT_EQ(std::set<int64_t>(to.begin(), to.end()).size(), 8u);
    for (size_t i = 0; i < 8; ++i) {
      EXPECT_EQ(kind[size_t(to[i])], kind[i]);
      EXPECT_EQ(to[i] == int64_t(i), i == 3) << i;
    }
    of_first.insert(to[0]);
  }
  EXPECT_EQ(of_first, (std::set<int64_t>{2, 5, 7}));
  const Tensor x = random_tensor({3, 2, 2, 1}, 1);
  const Tensor chosen = chosen_rows(x, tensor(std::vector<int64_t>{2, 0}, {2}, Device{}));
  EXPECT_EQ(chosen.shape(), (Shape{2, 2, 2, 1}));
  EXPECT_EQ(furthest(chosen, concat({x.rows(2, 3), x.rows(0, 1)}, 0)), 0);
}

// ---- the model

TEST(StarganV2, GeneratorsOptimiserGoesOnByPictures) {
  Tiny t({.model = "stargan-v2"});
  std::set<std::string> names;
  for (const auto& [name, v] : t.state())
    if (name.starts_with("optimizer.")) names.insert(name.substr(10, name.rfind('.') - 10));
  EXPECT_EQ(names, (std::set<std::string>{"D.D", "G.G", "G.F", "G.E"}));
  const auto first = t.state();
  for (const char* of : {"G.G", "G.F", "G.E", "D.D"}) EXPECT_EQ(first.count("optimizer." + std::string(of) + ".average"), std::string(of) != "D.D") << of;
  t->step();
  const auto steps = [&](const std::string& of) { return t.state().at("optimizer." + of + ".step")[0]; };
  EXPECT_EQ(steps("D.D"), 2);
  EXPECT_EQ(steps("G.G"), 2);
  EXPECT_EQ(steps("G.F"), 1);
  EXPECT_EQ(steps("G.E"), 1);
}

// ---- what is measured

// Pictures 8 x 8 x 3 whose red says the domain (0.5 or -0.5), whose green is "high" in the upper half, whose blue is a shade from -0.9 to 0.9.
class DomainMeasures : public testing::Test {
 protected:
  static constexpr int64_t kPictures = 1200;
  DomainMeasures() {
    facts_.size = facts_.width = 8, facts_.channels = 3, facts_.attributes = {"kind", "high"}, facts_.count = kPictures;
    facts_.read = [](const std::vector<int64_t>& which) {
      data::HostBatch out({{"image", {8, 8, 3}, data::Kind::real}, {"attributes", {2}, data::Kind::real}}, int64_t(which.size()));
      for (size_t i = 0; i < which.size(); ++i) {
        std::ranges::copy(painted(which[i]).to_floats(), out.real(0, int64_t(i)).begin());
        std::ranges::copy(std::vector<float>{float(which[i] % 2), float(which[i] / 2 % 2)}, out.real(1, int64_t(i)).begin());
      }
      return out;
    };
  }
  static Tensor painted(int64_t i) {
    std::vector<double> v;
    for (int k = 0; k < 64; ++k) v.insert(v.end(), {i % 2 ? 0.5 : -0.5, (k < 32) == (i / 2 % 2 == 1) ? 0.5 : -0.5, -0.9 + 0.2 * double(i % 10)});
    return tensor(v, {1, 8, 8, 3}, DType::f32, Device{});
  }
  Recipe uses(const DomainStyler& by) {
    const Config c(facts_, {{"attributes", "kind"}});
    Recipe r;
    add_domain_style_uses(r, c, Domains(c, {}), by);
    return r;
  }
  static Batch batch() {
    const std::vector<int64_t> which{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 12};
    Tensors pictures;
    std::vector<double> attributes;
    for (int64_t i : which) pictures.push_back(painted(i)), attributes.insert(attributes.end(), {double(i % 2), double(i / 2 % 2)});
    return {12, {{"image", concat(pictures, 0)}, {"attributes", rows(attributes, 2)}}};
  }
  std::map<std::string, double> measured(const DomainStyler& by) {
    const Evaluation e{12, [b = batch()](const std::function<void(const Batch&)>& look) { look(b); }};
    std::map<std::string, double> found;
    const Recipe r = uses(by);
    for (const Measure& m : r.measures) seed(1), found[m.name] = m.value(e);
    return found;
  }
  ContextScope scope_;
  DataFacts facts_;
};

// Styles are means of channels: [domain, 0, shade]; z is the shade.
Tensor channel(const Tensor& x, int64_t c) { return slice(x, 3, c, c + 1); }
DomainStyler perfect() {
  const auto kind = [](const Tensor& domain) { return slice(domain, 1, 1, 2) - 0.5; };
  return {.map = [](const Tensor& x, const Tensor& s) {
            const auto plane = [&](int64_t c) { return broadcast_to(reshape(slice(s, 1, c, c + 1), Shape{x.dim(0), 1, 1, 1}), channel(x, 0).shape()); };
            return concat({plane(0), channel(x, 1), plane(1)}, 3);
          },
          .draw = [=](const Tensor& z, const Tensor& domain) { return concat({kind(domain), clamp(z, -1, 1)}, 1); },
          .encode = [=](const Tensor& x, const Tensor& domain) { return concat({kind(domain), mean(channel(x, 2), {1, 2})}, 1); }, .latent = 1, .style = 2, .unit = 1, .size = 8};
}

TEST_F(DomainMeasures, OfAModelThatTakesTheShadeAndKeepsTheRest) {
  auto found = measured(perfect());
  EXPECT_EQ(found["classifier"], 1);
  EXPECT_EQ(found["domain"], 1);
  EXPECT_EQ(found["domain_style"], 1);
  EXPECT_EQ(found["taken"], 0);   // the half that is light stays
  EXPECT_EQ(found["taken-high"], 0);
  EXPECT_NEAR(found["style_colour"], 0, 1e-6);
  EXPECT_GT(found["colour_diversity"], 0.5);
  EXPECT_GT(found["diversity"], 0.1);
  EXPECT_NEAR(found["cycle"], 0, 1e-6);
  EXPECT_NEAR(found["style_error"], 0, 1e-6);
}

TEST_F(DomainMeasures, OfAModelThatDoesNothing) {
  DomainStyler none = perfect();
  none.map = [](const Tensor& x, const Tensor&) { return x; };
  auto found = measured(none);
  EXPECT_EQ(found["domain"], 0);
  EXPECT_EQ(found["domain_style"], 0);
  EXPECT_EQ(found["taken"], 0);
  EXPECT_EQ(found["moved"], 0);
  EXPECT_GT(found["style_colour"], 0.3);
  EXPECT_EQ(found["colour_diversity"], 0);
  EXPECT_EQ(found["diversity"], 0);
  EXPECT_EQ(found["cycle"], 0);
  EXPECT_GT(found["style_error"], 0.5);
}

// A style that is the whole picture, and results that are nothing else.
TEST_F(DomainMeasures, OfAModelThatTakesAll) {
  DomainStyler all = perfect();
  all.encode = [](const Tensor& x, const Tensor&) { return reshape(x, Shape{x.dim(0), 192}); };
  all.map = [](const Tensor& x, const Tensor& s) { return reshape(s, x.shape()); };
  all.draw = [](const Tensor& z, const Tensor&) { return randn({z.dim(0), 192}); };
  auto found = measured(all);
  EXPECT_EQ(found["domain_style"], 1);
  EXPECT_EQ(found["taken"], 1);
  EXPECT_EQ(found["taken-high"], 1);
  EXPECT_NEAR(found["style_colour"], 0, 1e-6);
  EXPECT_LT(found["domain"], 0.9);
}

TEST(Moved, IsTheDistanceOfWhatStandsOut) {
  ContextScope scope;
  const auto square = [](int64_t left, int64_t top) {
    std::vector<double> v(32 * 32, 0.8);
    for (int64_t y = top; y < top + 6; ++y)
      for (int64_t x = left; x < left + 6; ++x) v[size_t(y * 32 + x)] = -0.8;
    return tensor(v, {1, 32, 32, 1}, DType::f32, Device{});
  };
  const Tensor flat = full({1, 32, 32, 1}, 0.8);
  EXPECT_NEAR(moved(square(6, 8), square(14, 14)), 10 / 32.0, 1e-9);
  EXPECT_EQ(moved(concat({square(6, 8), flat}, 0), concat({square(6, 8), square(6, 8)}, 0)), 1);
}

// The colour of the upper left pixel, in [-1, 1].
std::array<double, 3> corner(const data::Picture& p) { return {p.pixels[0] / 127.5 - 1, p.pixels[1] / 127.5 - 1, p.pixels[2] / 127.5 - 1}; }

TEST_F(DomainMeasures, TasksBringPicturesToTheDomainThatIsNamed) {
  const Recipe r = uses(perfect());
  const auto run = [&](const std::string& name, const std::vector<int64_t>& which, std::map<std::string, std::string> settings, int64_t n = 1) {
    std::vector<NamedPicture> in;
    for (const int64_t i : which) in.push_back({"p" + std::to_string(i), to_pictures(painted(i))[0]});
    const Config c(facts_, std::move(settings));
    for (const Task& t : r.tasks)
      if (t.name == name) return t.run({in, c, n});
    return std::vector<Result>{};
  };
  seed(1);
  const auto each = run("translate", {0, 3}, {});
  ASSERT_EQ(each.size(), 4u);
  EXPECT_EQ(each[0].name, "p0-not-kind");
  EXPECT_EQ(each[3].name, "p3-kind");
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(corner(each[i].frames[0])[0], i % 2 ? 0.5 : -0.5, 0.01);
  EXPECT_NEAR(corner(each[0].frames[0])[1], -0.5, 0.01);   // and the picture's own rest
  EXPECT_NEAR(corner(each[2].frames[0])[1], 0.5, 0.01);
  const auto some = run("translate", {0}, {{"to", "kind"}}, 3);
  ASSERT_EQ(some.size(), 3u);
  EXPECT_NE(corner(some[0].frames[0])[2], corner(some[1].frames[0])[2]);   // styles of their own
  for (const Result& one : some) EXPECT_NEAR(corner(one.frames[0])[0], 0.5, 0.01);

  const auto styled = run("style", {8, 0, 3}, {{"to", "kind"}});   // of what the first is said to be, its shade
  ASSERT_EQ(styled.size(), 2u);
  EXPECT_EQ(styled[1].name, "p3");
  for (const Result& one : styled) {
    EXPECT_NEAR(corner(one.frames[0])[0], 0.5, 0.01);
    EXPECT_NEAR(corner(one.frames[0])[2], 0.7, 0.01);
  }
  EXPECT_NEAR(corner(styled[0].frames[0])[1], -0.5, 0.01);
  EXPECT_THROW(run("style", {8, 0}, {}), UsageError);
  EXPECT_THROW(run("translate", {0}, {{"to", "kinds"}}), UsageError);
}

TEST_F(DomainMeasures, SheetsAndSamplesShowWhatTheyAreCalled) {
  const Recipe r = uses(perfect());
  const Batch b = batch();
  seed(1);
  const auto columns = r.columns(b);
  ASSERT_EQ(columns.size(), 5u);
  EXPECT_EQ(columns[0].pictures.to_floats(), b.image().to_floats());
  for (size_t k : {1u, 2u}) {
    EXPECT_EQ(columns[k].title, k == 1 ? "not-kind" : "kind");
    const Tensor made = columns[k].pictures;
    EXPECT_EQ(max(abs(channel(made, 0) - (k == 1 ? -0.5 : 0.5))).item(), 0);
    EXPECT_EQ(max(channel(made, 2)).item(), min(channel(made, 2)).item());   // one style down a column
    EXPECT_EQ(max(abs(channel(made, 1) - channel(b.image(), 1))).item(), 0);
  }
  EXPECT_EQ(columns[3].pictures.rows(1, 12).to_floats(), b.image().rows(0, 11).to_floats());
  for (const int64_t c : {0, 2}) EXPECT_LT(max(abs(channel(columns[4].pictures, c) - channel(columns[3].pictures, c))).item(), 1e-6);
  EXPECT_EQ(max(abs(channel(columns[4].pictures, 1) - channel(b.image(), 1))).item(), 0);
  const Tensor samples = r.sample(4, b);   // each in the domain of the picture before it, the first in that of the last
  EXPECT_EQ(channel(samples, 0).to_floats(), channel(roll(b.image(), 1).rows(0, 4), 0).to_floats());
}

}  // namespace
}  // namespace ganymede::test
