// Measures of label maps, of painters that are known.
#include <gtest/gtest.h>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/uses/label_measures.h"

namespace ganymede {
namespace {

// The last is nowhere.
data::Palette four() { return data::Palette({{"a", {0, 0, 0}, {0, 0, 0}}, {"b", {1, 1, 1}, {1, 0, 0}}, {"c", {2, 2, 2}, {2, 0, 0}}, {"d", {3, 3, 3}, {3, 0, 0}}}); }

// Three pictures of 2 x 2, their meanings 0 1 1 -1, 0 0 2 2 and 2 2 2 2.
Batch batch() {
  const Tensor semantic = tensor(std::vector<int64_t>{0, 1, 1, -1, 0, 0, 2, 2, 2, 2, 2, 2}, {3, 2, 2}, Device{});
  const Tensor b = tensor(std::vector<double>{-0.8, 0, 0, 0.9, -0.7, -0.7, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6}, {3, 2, 2, 1}, DType::f32, Device{});
  return {3, {{"semantic", semantic}, {"b", b}}};
}
const std::vector<double> kRight{(-0.8 - 1.4) / 3, 0, (2 * 0.5 + 4 * 0.6) / 6, 0};   // means over all pictures

Evaluation evaluation() {
  return {3, [](const std::function<void(const Batch&)>& see) { see(batch()); }};
}
double measured(const std::string& name, const std::function<Tensor(const Batch&)>& made, const std::function<Tensor(const Batch&, const Tensor&)>& in_style = {}) {
  ContextScope scope;
  Recipe r;
  add_label_measures(r, four(), "b", made, in_style);
  for (const Measure& m : r.measures)
    if (m.name == name) return m.value(evaluation());
  ADD_FAILURE() << "no measure " << name;
  return 0;
}
// A colour a meaning, whatever is around.
Tensor by_table(const Batch& b, const std::vector<double>& colours) {
  std::vector<double> v;
  for (const int64_t k : b["semantic"].to_integers()) v.push_back(k < 0 ? 0.3 : colours[size_t(k)]);
  Shape s = b["semantic"].shape();
  s.push_back(1);
  return tensor(v, s, DType::f32, Device{});
}

TEST(LabelMeasures, MeaningColours) {
  const std::vector<double> right = kRight;
  EXPECT_NEAR(measured("meaning_colour", [&](const Batch& b) { return by_table(b, right); }), 0, 1e-6);
  const double middle = (right[0] + right[1] + right[2]) / 3;
  EXPECT_NEAR(measured("meaning_colour", [&](const Batch& b) { return by_table(b, {middle, middle, middle, middle}); }), 1, 1e-6);
  EXPECT_NEAR(measured("meaning_colour", [](const Batch& b) { return b["b"]; }), 0, 1e-6);
  // Half of the way between.
  EXPECT_NEAR(measured("meaning_colour", [&](const Batch& b) { return by_table(b, {(right[0] + middle) / 2, middle / 2, (right[2] + middle) / 2, 0}); }), 0.5, 1e-6);
}

TEST(LabelMeasures, UniformMapsAreTold) {
  const std::vector<double> right = kRight;
  EXPECT_NEAR(measured("uniform_colour", [&](const Batch& b) { return by_table(b, right); }), 0, 1e-6);
  // Right only where another meaning is beside.
  const double middle = (right[0] + right[1] + right[2]) / 3;
  const auto lost = [&](const Batch& b) {
    const auto k = b["semantic"].to_integers();
    const bool uniform = std::equal(k.begin() + 1, k.end(), k.begin());
    return by_table(b, uniform ? std::vector<double>{middle, middle, middle, middle} : right);
  };
  EXPECT_NEAR(measured("meaning_colour", lost), 0, 1e-6);
  EXPECT_NEAR(measured("uniform_colour", lost), 1, 1e-6);
}

TEST(LabelMeasures, StylesAreFollowed) {
  const auto nothing = [](const Batch& b) { return b["b"]; };
  // Styles are of the picture before. Shared with it: nothing in the first, meaning 0 in the second (-0.7 and -0.8), 2 in the third (0.6 and 0.5).
  EXPECT_NEAR(measured("style_colour", nothing, [](const Batch& b, const Tensor&) { return b["b"]; }), 1, 1e-5);
  const auto followed = [](const Batch& b, const Tensor& style) {
    EXPECT_EQ(style.to_doubles(), roll(b["b"], 1).to_doubles());
    return tensor(std::vector<double>{9, 9, 9, 9, -0.8, -0.8, 9, 9, 0.5, 0.5, 0.5, 0.5}, {3, 2, 2, 1}, DType::f32, Device{});
  };
  EXPECT_NEAR(measured("style_colour", nothing, followed), 0, 1e-5);
}

}  // namespace
}  // namespace ganymede
