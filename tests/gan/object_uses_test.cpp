// Objects that move from picture to picture: tasks and measures, on pictures whose upper half is the object.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/uses/object_uses.h"
#include "tests/data/data_test_util.h"
#include "tests/gan/model_fixture.h"

namespace ganymede {
namespace {

constexpr int64_t kSide = 8;

// [n, 8, 8, 1], a value for the upper half of each and one for the lower.
Tensor painted(const std::vector<std::pair<double, double>>& halves) {
  std::vector<double> v;
  for (const auto& [up, down] : halves)
    for (int i = 0; i < kSide * kSide; ++i) v.push_back(i < kSide * kSide / 2 ? up : down);
  return tensor(v, {int64_t(halves.size()), kSide, kSide, 1}, DType::f32, Device{});
}
double pixel(const data::Picture& p, int64_t row) { return double(p.pixels[size_t(row * p.width)]) / 127.5 - 1; }

class Objects : public testing::Test {
 protected:
  Objects() {
    facts_.size = facts_.width = kSide, facts_.channels = 1, facts_.attributes = {"hat"};
    mover_ = {[](const Tensor& x) { return ObjectCode{slice(x, 1, 4, 8), slice(x, 1, 0, 4)}; }, [](const Tensor& b, const Tensor& o) { return concat({o, b}, 1); },
              [](const ObjectCode& c) { return zeros_like(c.object); }, painted({{0.75, 0}})};
    batch_ = {2, {{"a", painted({{1, 0.25}, {-0.5, 0.5}})}, {"b", painted({{0.125, -1}, {0, -0.5}})}, {"hat_a", painted({{1, 0}, {1, 0}})}}};
  }
  double measured(const std::string& name, const ObjectMover& m) {
    Recipe r;
    add_object_uses(r, Config(facts_, {}), m);
    for (const Measure& one : r.measures)
      if (one.name == name) return one.value({2, [&](const std::function<void(const Batch&)>& look) { look(batch_); }});
    ADD_FAILURE() << "no measure " << name;
    return -1;
  }
  // A task's results on pictures with these halves.
  std::vector<Result> done(const std::string& name, const std::vector<std::pair<double, double>>& halves, const std::map<std::string, std::string>& said) {
    Recipe r;
    add_object_uses(r, Config(facts_, {}), mover_);
    const Config settings(facts_, said);
    std::vector<NamedPicture> pictures;
    for (const auto& h : halves) {
      pictures.push_back({"p" + std::to_string(pictures.size()), data::Picture(kSide, kSide, 1, 0)});
      for (size_t i = 0; i < size_t(kSide * kSide); ++i) pictures.back().picture.pixels[i] = uint8_t(127.5 * ((i < 32 ? h.first : h.second) + 1));
    }
    for (const Task& t : r.tasks)
      if (t.name == name) return t.run({pictures, settings, 1});
    ADD_FAILURE() << "no task " << name;
    return {};
  }
  ContextScope scope_;
  DataFacts facts_;
  ObjectMover mover_;
  Batch batch_;
};

TEST_F(Objects, AreMeasuredByWhatTheyAreAndShow) {
  EXPECT_NEAR(measured("null", mover_), 0.125 / 1.5, 1e-6);
  // What own parts show (0.125, 0) over what those of others do (1, 0.5).
  EXPECT_NEAR(measured("null-shown", mover_), 0.125 / 1.5, 1e-6);
  // Of four pictures all but the trace in the first b come back: its upper half.
  EXPECT_NEAR(measured("swapped-back", mover_), 0.5 * (0.125 / 2 + 0) / 2, 1e-6);
  EXPECT_EQ(measured("steady", mover_), 1);
  EXPECT_EQ(measured("outside", mover_), 0);
  ObjectMover dimming = mover_, stuck = mover_;
  dimming.join = [](const Tensor& b, const Tensor& o) { return concat({o, 0.5 * b}, 1); };
  EXPECT_NEAR(measured("outside", dimming), (0.5 + 0.25 + 0.125 + 0.25) / 4, 1e-6);
  stuck.join = [](const Tensor& b, const Tensor& o) { return concat({clamp(o, -0.25, 0.25), b}, 1); };
  EXPECT_EQ(measured("steady", stuck), (1 + 2) / 8.0);   // a quarter of 1, two of -0.5
}

TEST_F(Objects, AreSwappedBlendedAndEdited) {
  const auto swapped = done("swap", {{1, -0.5}, {0, 0.5}}, {{"amount", "0.5"}});
  ASSERT_EQ(swapped.size(), 2u);
  EXPECT_NEAR(pixel(swapped[0].frames[0], 0), 0, 0.01);
  EXPECT_NEAR(pixel(swapped[0].frames[0], 7), -0.5, 0.01);
  EXPECT_NEAR(pixel(swapped[1].frames[0], 0), 0.5, 0.01);
  EXPECT_NEAR(pixel(swapped[1].frames[0], 7), 0.5, 0.01);
  const data::Picture row = done("blend", {{0, 0}, {1, 0}, {-1, 0}}, {{"steps", "3"}}).at(0).frames.at(0);
  EXPECT_EQ(row.width, 3 * kSide);
  for (const auto& [at, value] : {std::pair{0, 255}, std::pair{8, 127}, std::pair{16, 0}}) EXPECT_NEAR(double(row.pixels[size_t(at)]), value, 1);
  const data::Picture square = done("blend", {{0, 0}, {1, 0}, {1, 0}, {-1, 0}, {0, 0}}, {{"steps", "2"}}).at(0).frames.at(0);
  EXPECT_EQ(square.height, 2 * kSide);
  EXPECT_NEAR(pixel(square, 8), -1, 0.01);
  EXPECT_THROW(done("blend", {{0, 0}, {1, 0}, {1, 0}, {1, 0}}, {}), UsageError);
  // Taken away by name, and put on: that of the example.
  EXPECT_NEAR(pixel(done("edit", {{1, 0.5}}, {{"hat", "0"}}).at(0).frames[0], 0), 0, 0.01);
  EXPECT_NEAR(pixel(done("edit", {{0, 0.5}}, {{"hat", "1"}}).at(0).frames[0], 0), 0.75, 0.01);
}

// A picture that is to have the object gets its own where it has one, else that of the next one that has; what an edit took is not asked back.
TEST_F(Objects, ComeFromThePictureItselfOrTheNextThatHasOne) {
  batch_.fields["image"] = painted({{0, 0.5}, {1, 0}}), batch_.fields["attributes"] = tensor(std::vector<double>{0, 1}, {2, 1}, DType::f32, Device{});
  EXPECT_EQ(measured("same", mover_), 0);
  Recipe r;
  add_object_uses(r, Config(facts_, {}), mover_);
  EXPECT_TRUE(std::none_of(r.measures.begin(), r.measures.end(), [](const Measure& m) { return m.name == "cycle"; }));
}

TEST(GeneGan, RefusesSidesOfUnequalChannels) {
  test::TinyModel painted{"genegan"};
  painted.data = "shapes:pairs,from=colourise", painted.channels = 3;
  EXPECT_EQ(test::refusal(painted), "genegan: one encoder sees both sides, so they have as many channels; these data have 1 and 3; set --channels or take others");
}

}  // namespace
}  // namespace ganymede
