// GAWWN: what boxes and keypoints do, its networks, what is measured of it and what it is for.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "engine/ops.h"
#include "gan/nets/gawwn.h"
#include "gan/nets/location.h"
#include "gan/uses/located_uses.h"
#include "nn/init.h"
#include "nn/net.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

using nets::GawwnSize;

Tensor f64(const std::vector<double>& v, const Shape& shape) { return tensor(v, shape, DType::f64, Device{}); }

// Boxes whose parts differ, so that x and y, and the middle and the extent, cannot be mistaken for each other.
const std::vector<double> kBoxes{-0.2, 0.3, 0.5, 0.25, 0.4, -0.5, 0.2, 0.4};

TEST(BoxAffines, AreInverse) {
  const Tensor box = f64(kBoxes, {2, 4});
  const auto a = nets::crop_affine(box).to_doubles(), b = nets::paste_affine(box).to_doubles();
  EXPECT_EQ(std::vector<double>(a.begin(), a.begin() + 6), (std::vector<double>{0.5, 0, -0.2, 0, 0.25, 0.3}));
  for (size_t n = 0; n < 2; ++n)
    for (size_t i = 0; i < 2; ++i)
      for (size_t j = 0; j < 3; ++j) {
        double product = j == 2 ? a[6 * n + 3 * i + 2] : 0;
        for (size_t k = 0; k < 2; ++k) product += a[6 * n + 3 * i + k] * b[6 * n + 3 * k + j];
        EXPECT_NEAR(product, i == j, 1e-12);
      }
}

// The x and y of every cell's middle, and 1: bilinear sampling keeps them exactly.
Tensor places(int64_t side) {
  std::vector<double> v;
  for (int64_t y = 0; y < side; ++y)
    for (int64_t x = 0; x < side; ++x) v.insert(v.end(), {2 * double(x) / double(side - 1) - 1, 2 * double(y) / double(side - 1) - 1, 1});
  return f64(v, {1, side, side, 3});
}

TEST(BoxCrop, IsTheBoxAndNothingElse) {
  const int64_t side = 9;
  const Tensor box = f64({-0.2, 0.3, 0.5, 0.25}, {1, 4});
  const auto seen = nets::crop(places(side), box).to_doubles(), all = places(side).to_doubles();
  for (size_t i = 0; i < seen.size(); i += 3) {
    EXPECT_NEAR(seen[i], -0.2 + 0.5 * all[i], 1e-12);
    EXPECT_NEAR(seen[i + 1], 0.3 + 0.25 * all[i + 1], 1e-12);
    EXPECT_NEAR(seen[i + 2], 1, 1e-12);
  }
}

TEST(BoxPaste, OfTheCropIsTheMapInTheBoxAndZeroAround) {
  const int64_t side = 17;
  const double x = -0.25, y = 0.25, w = 0.5, h = 0.25;
  const Tensor box = f64({x, y, w, h}, {1, 4});
  const auto got = nets::paste(nets::crop(places(side), box), box).to_doubles(), all = places(side).to_doubles();
  int inside = 0, outside = 0;
  const double cell = 2.0 / double(side - 1);   // of the pasted map one cell of its own fades out
  for (size_t i = 0; i < got.size(); i += 3) {
    const double u = std::abs(all[i] - x), v = std::abs(all[i + 1] - y);
    if (u <= w + 1e-9 && v <= h + 1e-9) {
      ++inside;
      for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(got[i + k], all[i + k], 1e-12) << i;
    } else if (u >= w * (1 + cell) - 1e-9 || v >= h * (1 + cell) - 1e-9) {
      ++outside;
      for (size_t k = 0; k < 3; ++k) EXPECT_EQ(got[i + k], 0) << i;
    }
  }
  EXPECT_EQ(inside, 9 * 5);
  EXPECT_EQ(inside + outside, 17 * 17);
}

TEST(BoxPaste, HasTheGradientsOfDifferences) {
  const Tensor map = random_tensor({2, 5, 5, 2}, 3), box = f64({-0.21, 0.33, 0.57, 0.43, 0.38, -0.47, 0.61, 0.71}, {2, 4});
  EXPECT_EQ(gradcheck([](const Tensors& x) { return Tensors{nets::paste(x[0], x[1])}; }, {map, box}), "");
  EXPECT_EQ(gradcheck([](const Tensors& x) { return Tensors{nets::crop(x[0], x[1])}; }, {map, box}), "");
}

TEST(KeypointMaps, HaveOneCellForEachVisiblePoint) {
  ContextScope scope;
  context().dtype = DType::f64;
  // Across 0.3 and down 0.8; hidden; the far corner; on the border of two cells, and where another one is.
  const Tensor points = f64({0.3, 0.8, 1, 0.6, 0.6, 0, 1, 1, 1, 0.5, 0.25, 1, 0.3, 0.9, 1}, {1, 15});
  const Tensor maps = nets::KeypointMaps(5, 4)(points);
  ASSERT_EQ(maps.shape(), Shape({1, 4, 4, 5}));
  const auto v = maps.to_doubles(), gate = nets::gate_of(maps).to_doubles();
  std::map<size_t, size_t> found;
  for (size_t i = 0; i < v.size(); ++i)
    if (v[i] != 0) {
      EXPECT_EQ(v[i], 1);
      found[i % 5] = i / 5;
    }
  EXPECT_EQ(found, (std::map<size_t, size_t>{{0, 3 * 4 + 1}, {2, 15}, {3, 1 * 4 + 2}, {4, 3 * 4 + 1}}));
  for (size_t i = 0; i < 16; ++i) EXPECT_EQ(gate[i], i == 13 || i == 15 || i == 6 ? 1 : 0) << i;
}

TEST(Gawwn, HasThePapersSizes) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  const GawwnSize s{};
  const nn::Net G("G", nets::box_generator(s)), D("D", nets::box_discriminator(s)), GK("GK", nets::keypoint_generator(s)), DK("DK", nets::keypoint_discriminator(s));
  const nn::Net C("C", nets::keypoint_completion(100, 1024, 15, 512)), J("J", nets::keypoint_judge(1024, 15, 512));
  const Tensor z = zeros({2, 100}), t = zeros({2, 1024}), box = zeros({2, 4}), points = zeros({2, 45}), x = zeros({2, 128, 128, 3});
  const auto conv = [](int64_t in, int64_t out, int64_t k) { return k * k * in * out; };
  const auto with = [&](int64_t in, int64_t out, int64_t k) { return conv(in, out, k) + 2 * out; };   // and its norm
  const auto block = [&](int64_t c) { return with(c, c / 4, 1) + with(c / 4, c / 4, 3) + with(c / 4, c, 3); };
  const auto fc = [](int64_t in, int64_t out) { return in * out + out; };
  EXPECT_EQ(G(Tensors{z, t, box})[0].shape(), Shape({2, 128, 128, 3}));
  EXPECT_EQ(G.parameter_count(), fc(1024, 512) + 2 * fc(100, 512) + 3 * with(512, 512, 4) + with(1024, 1024, 4) + with(1024, 512, 4) + with(512, 256, 4)   // text and global
                                     + with(1024, 1024, 4) + block(1024) + with(1024, 512, 4) + block(512) + with(512, 256, 4)                            // local
                                     + with(512, 256, 3) + with(256, 128, 4) + with(128, 32, 4) + conv(32, 3, 4) + 3);
  const int64_t trunk = fc(1024, 128) + conv(3, 128, 4) + 128 + conv(128, 128, 4) + 128 + with(128, 256, 4) + with(256, 256, 3) + with(384, 256, 3), image = with(256, 512, 4) + with(512, 1024, 4);
  const int64_t head = with(256, 128, 1) + 128 + 1;
  EXPECT_EQ(D(Tensors{x, t, box})[0].shape(), Shape({2, 1}));
  EXPECT_EQ(D.parameter_count(), trunk + with(256, 256, 1) + fc(256, 128) + image + with(128, 512, 4) + with(512, 128, 4) + with(1152, 512, 1) + with(512, 128, 4) + head);
  // Without a norm a layer has a bias: one number a channel in place of two.
  GawwnSize apart{.norms = GawwnSize::Norms::apart}, cells{.norms = GawwnSize::Norms::cells};
  EXPECT_EQ(nn::Net("D", nets::box_discriminator(cells)).parameter_count(), D.parameter_count() - 128 - 128);
  EXPECT_EQ(nn::Net("D", nets::box_discriminator(apart)).parameter_count(), D.parameter_count() - 128 - 128 - 256 - 256 - 512);
  EXPECT_EQ(nn::Net("D", nets::keypoint_discriminator(apart)).parameter_count(), DK.parameter_count() - 128 - 128 - 256 - 256 - 512);
  EXPECT_EQ(GK(Tensors{z, t, points})[0].shape(), Shape({2, 128, 128, 3}));
  EXPECT_EQ(GK.parameter_count(), fc(1024, 512) + fc(100, 512) + 2 * with(1024, 512, 1) + with(512, 512, 3) + with(15, 128, 4) + with(128, 256, 4) + with(256, 512, 4)
                                      + with(1024, 512, 4) + with(512, 256, 4) + with(256, 128, 4) + with(655, 512, 3) + with(512, 512, 3) + block(512) + with(512, 256, 4) + with(256, 128, 4) + conv(128, 3, 4) + 3);
  EXPECT_EQ(DK(Tensors{x, t, points})[0].shape(), Shape({2, 1}));
  EXPECT_EQ(DK.parameter_count(), trunk + with(271, 256, 1) + fc(256, 128) + image + with(1152, 512, 1) + with(512, 128, 4) + head);
  EXPECT_EQ(C(Tensors{z, t, points})[0].shape(), Shape({2, 45}));
  EXPECT_EQ(C.parameter_count(), fc(100, 512) + fc(1024, 512) + with(45, 512, 1) + with(512, 256, 1) + with(1280, 1024, 1) + with(1024, 512, 1) + with(512, 256, 1) + fc(256, 45));
  EXPECT_EQ(J(Tensors{points, t})[0].shape(), Shape({2, 1}));
  EXPECT_EQ(J.parameter_count(), with(45, 512, 1) + with(512, 256, 1) + with(1024, 512, 1) + with(512, 256, 1) + with(512, 256, 1) + fc(256, 1));
}

// Norms of pairs are what tells a batch of right pairs from one of wrong ones: without them a pair is judged alike whatever pictures the other captions have.
TEST(Gawwn, JudgesAPairAloneUnlessNormsSeePairs) {
  ContextScope scope;
  context().dtype = DType::f64, context().training = true;
  for (const bool points : {false, true})
    for (const auto norms : {GawwnSize::Norms::apart, GawwnSize::Norms::cells, GawwnSize::Norms::all}) {
      SCOPED_TRACE(text(points ? "keypoints" : "box", ", norms ", int(norms)));
      nn::seed_parameters(1);
      const GawwnSize s{.size = 16, .grid = 8, .width = 4, .text = 5, .projected = 3, .keypoints = 5, .norms = norms};
      const nn::Net D("D", points ? nets::keypoint_discriminator(s) : nets::box_discriminator(s));
      const Tensor x = random_tensor({4, 16, 16, 3}, 1), t = random_tensor({4, 5}, 2), where = points ? clamp(random_tensor({4, 15}, 3) + 0.7, 0.05, 0.95) : clamp(random_tensor({4, 4}, 3), 0.2, 0.9);
      const auto said = [&](const std::vector<int64_t>& order) { return D(Tensors{gather_rows(x, tensor(order, Shape{4}, x.device())), t, where})[0].to_doubles()[0]; };
      const double before = said({0, 1, 2, 3}), after = said({0, 3, 1, 2});
      if (norms == GawwnSize::Norms::apart) EXPECT_NEAR(before, after, 1e-14);
      else EXPECT_GT(std::abs(before - after), 1e-9);
      EXPECT_GT(std::abs(before - said({1, 0, 2, 3})), 1e-9);
    }
}

TEST(Location, ReadsBoxesAndKeypointsOfTheData) {
  ContextScope scope;
  context().dtype = DType::f64;
  DataFacts facts;
  facts.size = facts.width = 20, facts.keypoints = 2;
  const Location box(Location::Kind::box, facts), points(Location::Kind::keypoints, facts);
  Batch b;
  b.size = 2;
  b.fields["boxes"] = f64({7, 2, 4, 12, 8, 1, 0, 0, 20, 20, -1, -1, -1, -1, -1, 3, 1, 1, 2, 2}, {2, 2, 5});
  b.fields["keypoints"] = f64({5, 10, 1, 3, 4, 0, 19, 2, 1, 10, 12, 1}, {2, 2, 3});
  const auto rows = box.of(b).to_doubles();
  const std::vector<double> want{-0.3, -0.4, 0.5, 0.2};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(rows[i], want[i], 1e-12);
  EXPECT_NEAR(rows[6], 0.05, 1e-12);   // of none a pixel
  const auto at = points.of(b).to_doubles();
  const std::vector<double> shares{0.25, 0.5, 1, 0, 0, 0, 0.95, 0.1, 1, 0.5, 0.6, 1};
  for (size_t i = 0; i < shares.size(); ++i) EXPECT_NEAR(at[i], shares[i], 1e-12) << i;
  const auto found = box.boxes(box.of(b));
  const auto expect_box = [](const Box& b, double left, double top, double right, double bottom) {
    EXPECT_NEAR(b.left, left, 1e-12);
    EXPECT_NEAR(b.top, top, 1e-12);
    EXPECT_NEAR(b.right, right, 1e-12);
    EXPECT_NEAR(b.bottom, bottom, 1e-12);
  };
  expect_box(found[0], 0.1, 0.2, 0.6, 0.4);
  const auto again = box.rows(found).to_doubles();
  for (size_t i = 0; i < again.size(); ++i) EXPECT_NEAR(again[i], rows[i], 1e-12);
  const auto round = points.boxes(points.of(b));
  expect_box(round[0], 0.25, 0.5, 0.25, 0.5);   // one that is seen
  expect_box(round[1], 0.5, 0.1, 0.95, 0.6);
  const auto moved = points.moved(points.of(b), {{0.2, 0.4, 0.4, 0.6}, {0, 0.5, 0.9, 1}}).to_doubles();
  const std::vector<double> there{0.3, 0.5, 1, 0, 0, 0, 0.9, 0.5, 1, 0, 1, 1};   // a lone one into the middle
  for (size_t i = 0; i < there.size(); ++i) EXPECT_NEAR(moved[i], there[i], 1e-12) << i;
  EXPECT_THROW(Location(Location::Kind::keypoints, DataFacts{}), UsageError);
}

TinyModel of(const std::string& location) {
  TinyModel m{"gawwn", {{"location", location}, {"text_steps", "1"}}};
  if (location == "keypoints") m.settings["keypoint_steps"] = "1", m.settings["keypoint_units"] = "4";
  return m;
}

// The place that a location names reaches G's picture and D's verdict, by the way that its setting says and no other.
TEST(Gawwn, ObeysItsLocationUnlessItIsHidden) {
  for (const std::string location : {"box", "none", "keypoints"}) {
    SCOPED_TRACE(location);
    TinyModel exact = of(location);
    exact.dtype = DType::f64;   // so small a D hardly moves its verdict
    Tiny t(exact);
    for (int i = 0; i < 3; ++i) t->step();
    const Recipe& r = t->recipe();
    const Batch b = t->batch();
    t->sampling(1, [&] {
      Batch other = b;
      other.fields["boxes"] = roll(b["boxes"], 1, 0), other.fields["keypoints"] = roll(b["keypoints"], 1, 0);
      const Tensor z = r.captions.draw(2), here = r.captions.encode(b), there = r.captions.encode(other);
      EXPECT_NE(here.to_doubles(), there.to_doubles());
      const auto picture = [&](const Tensor& rows) { return r.captions.decode(z, rows).to_doubles(); };
      EXPECT_EQ(picture(here) == picture(there), location == "none");
      for (const nn::Net& n : r.nets) {
        if (n.name() != "D") continue;
        const int64_t length = location == "keypoints" ? 15 : 4, text = here.dim(1) - length;
        const auto said = [&](const Tensor& rows) { return n(Tensors{b.image(), slice(rows, 1, 0, text), slice(rows, 1, text, text + length)})[0].to_doubles(); };
        EXPECT_EQ(said(here) == said(there), location == "none");
      }
    });
  }
}

TEST(Gawwn, CaptionsAloneHaveAPlace) {
  for (const std::string location : {"box", "keypoints"}) {
    SCOPED_TRACE(location);
    Tiny t(of(location));
    for (int i = 0; i < 3; ++i) t->step();
    const Recipe& r = t->recipe();
    Batch words = t->batch();
    words.fields.erase("boxes"), words.fields.erase("keypoints");
    t->sampling(1, [&] {
      const Tensor rows = r.captions.encode(words);
      const auto v = slice(rows, 1, 5, rows.dim(1)).to_doubles();
      if (location == "box") EXPECT_EQ(v, (std::vector<double>{0, 0, 0.5, 0.5, 0, 0, 0.5, 0.5}));
      for (const double x : v) EXPECT_TRUE(location == "box" || (x > 0 && x < 1));
      EXPECT_EQ(r.captions.decode(r.captions.draw(2), rows).shape(), Shape({2, 16, 16, 1}));
    });
  }
}

TEST(Gawwn, StagesReplayLikeEager) {
  expect_replayed({"gawwn", {{"text_steps", "1"}}});
  expect_replayed({"gawwn", {{"text_steps", "1"}, {"location", "keypoints"}, {"keypoint_units", "4"}, {"keypoint_steps", "4"}}});
}

TEST(Gawwn, RefusesGridsThatDoNotFit) {
  EXPECT_EQ(refusal({"gawwn", {{"grid", "16"}}}), "setting grid=16 of pictures of 16 px: they must have 2, 4, 8, ... times as many; set grid or --size");
  EXPECT_EQ(refusal({"gawwn", {{"grid", "12"}}}), "setting grid=12: it must be 8, 16, 32, ...");
  EXPECT_NE(refusal({"gawwn", {{"location", "box"}, {"gate", "0"}}}).find("gate"), std::string::npos);   // a setting of keypoints
}

// A model that paints a square where it is told to, or always in the middle.
class LocatedMeasures : public testing::Test {
 protected:
  static constexpr int64_t kSide = 32;
  DataFacts facts_;
  bool obeys_ = true;
  Location location() const { return Location(Location::Kind::box, facts_); }
  LocatedMeasures() { facts_.size = facts_.width = kSide, facts_.keypoints = 5; }

  Tensor painted(const std::vector<Box>& boxes) const {
    std::vector<double> v;
    for (const Box& own : boxes) {
      const Box b = obeys_ ? own : Box{};
      for (int64_t y = 0; y < kSide; ++y)
        for (int64_t x = 0; x < kSide; ++x) {
          const double u = (double(x) + 0.5) / kSide, w = (double(y) + 0.5) / kSide;
          v.push_back(u >= b.left && u < b.right && w >= b.top && w < b.bottom ? 1 : -1);
        }
    }
    return tensor(v, {int64_t(boxes.size()), kSide, kSide, 1}, DType::f32, Device{});
  }
  // Squares of 8 pixels, away from the border so that filling gaps does not reach it, and keypoints of nearly their size: middle, top, right, bottom, left.
  Batch batch() const {
    Batch b;
    b.size = 20;
    std::vector<double> boxes, points;
    for (int64_t i = 0; i < b.size; ++i) {
      const double x = double(3 + i * 7 % 18), y = double(3 + i * 5 % 17), w = 8;
      boxes.insert(boxes.end(), {0, x, y, x + w, y + w});
      const double mx = x + w / 2, my = y + w / 2, half = w / 2 + 0.03 * double(i * i % 17);
      for (const auto& [px, py] : {std::pair{mx, my}, {mx, my - half}, {mx + half, my}, {mx, my + half}, {mx - half, my}}) points.insert(points.end(), {px, py, 1});
    }
    b.fields["boxes"] = tensor(boxes, {b.size, 1, 5}, DType::f32, Device{}), b.fields["keypoints"] = tensor(points, {b.size, 5, 3}, DType::f32, Device{});
    b.fields["image"] = painted(location().boxes(location().of(b)));
    return b;
  }
  Located model(Location::Kind kind = Location::Kind::box) const {
    const Location where(kind, facts_);
    Located m{.location = where, .latent = 2, .text = [](const Batch& b) { return zeros({b.size, 3}); }};
    m.draw = [=, this](const Tensor&, const Tensor&, const Tensor& rows) { return painted(where.boxes(rows)); };
    return m;
  }
  double measured(const std::string& name, const Located& m) const {
    Recipe r;
    add_located_uses(r, Config(facts_, {}), m);
    const Batch b = batch();
    seed(1);
    for (const Measure& found : r.measures)
      if (found.name == name) return found.value({20, [&](const std::function<void(const Batch&)>& look) { look(b); }});
    ADD_FAILURE() << "no measure " << name;
    return -1;
  }
};

TEST_F(LocatedMeasures, TellObedienceFromItsLack) {
  EXPECT_EQ(measured("inside", model()), 1);
  EXPECT_EQ(measured("overlap", model()), 1);
  EXPECT_EQ(measured("overlap-of-data", model()), 1);
  EXPECT_GT(measured("follows", model()), 0.99);
  EXPECT_LT(measured("distance", model()), 1e-6);
  EXPECT_LT(measured("distance-of-data", model()), 1e-6);
  EXPECT_GT(measured("follows", model(Location::Kind::keypoints)), 0.99);
  obeys_ = false;
  EXPECT_LT(measured("inside", model()), 0.5);
  EXPECT_LT(measured("overlap", model()), 0.3);
  EXPECT_EQ(measured("follows", model()), 0);
  EXPECT_GT(measured("distance", model()), 0.1);
}

TEST_F(LocatedMeasures, NothingDrawnIsFarAndOutside) {
  Located m = model();
  m.draw = [](const Tensor& z, const Tensor&, const Tensor&) { return zeros({z.dim(0), kSide, kSide, 1}); };
  EXPECT_EQ(measured("inside", m), 0);
  EXPECT_EQ(measured("overlap", m), 0);
  EXPECT_EQ(measured("distance", m), 1);
  EXPECT_TRUE(std::isnan(measured("follows", m)));
}

// Completion that knows the world's squares, one that forgets what it is given, and one that knows nothing.
TEST_F(LocatedMeasures, TellKeypointsThatFitFromOthers) {
  Located m = model(Location::Kind::keypoints);
  const auto completed = [this](double scale, bool keeps) {
    return [=, this](const Tensor&, const Tensor& given) {
      auto v = given.to_doubles();
      const double at[5][2] = {{0, 0}, {0, -4}, {4, 0}, {0, 4}, {-4, 0}};
      for (size_t i = 0; i < v.size(); i += 15) {
        size_t k = 0;
        while (v[i + 3 * k + 2] == 0) ++k;
        const double x = v[i + 3 * k] - scale * at[k][0] / kSide, y = v[i + 3 * k + 1] - scale * at[k][1] / kSide;
        for (size_t j = 0; j < 5; ++j)
          if (j != k || !keeps) v[i + 3 * j] = x + scale * at[j][0] / kSide + (keeps ? 0 : 0.1), v[i + 3 * j + 1] = y + scale * at[j][1] / kSide, v[i + 3 * j + 2] = 1;
      }
      return tensor(v, given.shape(), given.dtype(), given.device());
    };
  };
  m.complete = completed(1, true);
  EXPECT_EQ(measured("given-kept", m), 0);
  m.complete = completed(1, false);
  EXPECT_NEAR(measured("given-kept", m), 0.1, 1e-6);
  const Tensor truth = m.location.of(batch());
  m.complete = [=](const Tensor&, const Tensor&) { return truth; };
  EXPECT_NEAR(measured("geometry", m), 1, 1e-9);
  m.complete = completed(2, true);   // twice as large
  EXPECT_GT(measured("geometry", m), 5);
}

}  // namespace
}  // namespace ganymede::test
