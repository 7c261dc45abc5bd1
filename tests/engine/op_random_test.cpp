// Ops of shapes and options drawn at random: both orders of derivatives against differences, and values and derivatives on a device
// and in a type that are drawn as well against the cpu in f64. GANYMEDE_RANDOM_CASES=N draws N instead of a few.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/memory.h"
#include "kernels/api/variants.h"
#include "kernels/simt/simulator.h"
#include "tests/engine/random_cases.h"

namespace ganymede::test {
namespace {

namespace sim = kernels::sim;

OpCase drawn(Drawing& draw) {
  static const auto kinds = [] {
    auto all = random_tensor_kinds();
    for (const RandomKind k : random_picture_kinds()) all.push_back(k);
    return all;
  }();
  return kinds[size_t(draw.between(0, std::ssize(kinds) - 1))](draw);
}

std::string described(const OpCase& c) {
  std::string s = c.name;
  for (const Shape& shape : c.shapes) s += " " + shape.str();
  return s;
}

// Numbers that bf16 holds are often equal, and a maximum has kinks where they are.
Tensors all_different(const Tensors& inputs) {
  Tensors moved;
  for (size_t i = 0; i < inputs.size(); ++i) moved.push_back(inputs[i] + random_tensor(inputs[i].shape(), 500 + i, -1e-3, 1e-3));
  return moved;
}

// Whether roundings, or a difference's step, turn a sign that decides.
bool on_an_edge(const OpCase& c, const Tensors& inputs) {
  if (!c.signs) return false;
  const Tensors decide = c.signs(inputs);
  for (const Tensor& t : decide) {
    double squares = 0, least = INFINITY;
    const auto values = t.to_doubles();
    for (const double v : values) squares += v * v, least = std::min(least, std::abs(v));
    if (least < 1e-4 * std::sqrt(squares / double(values.size()))) return true;
  }
  return false;
}

// On the simulator: a card, an order of its threads and the variants of norms and attention, drawn too.
class DrawnCard {
 public:
  DrawnCard(Drawing& draw, int seed) : before_(sim::settings()) {
    sim::configure({.order = draw.of({sim::Order::forward, sim::Order::reverse, sim::Order::random}), .seed = uint64_t(seed), .workers = 0, .capability = draw.of({80, 90})});
    sim::variants().force_norm_blocks(draw.of({-1, 0, 1, 2, 4, 8}));
    sim::variants().force_twins(draw.one_in(3));
  }
  ~DrawnCard() {
    sim::variants().force_norm_blocks(-1);
    sim::variants().force_twins(false);
    sim::configure(before_);
  }
  DrawnCard(const DrawnCard&) = delete;

 private:
  sim::Settings before_;
};

class OpRandom : public testing::Test {
 protected:
  void SetUp() override { poison_fresh_memory(true); }
  void TearDown() override { poison_fresh_memory(false); }

  // Draws until so many cases have been looked at.
  void draw_cases(int usual, int first_seed, Tensors (*inputs_of)(const OpCase&), const std::function<void(const OpCase&, const Tensors&, Drawing&)>& look) {
    const int cases = random_cases(usual);
    int seed = first_seed;
    for (int looked = 0; looked < cases && !HasFailure(); ++seed) {
      Drawing draw(seed);
      const OpCase c = drawn(draw);
      const Tensors inputs = inputs_of(c);
      if (on_an_edge(c, inputs)) continue;
      SCOPED_TRACE(testing::Message() << "case " << seed << ": " << described(c));
      look(c, inputs, draw);
      ++looked;
    }
    EXPECT_LT(seed - first_seed, 2 * cases + 20) << "most of what is drawn lies on an edge";
  }
};

TEST_F(OpRandom, DevicesAgreeWithF64) {
  draw_cases(600, 0, inputs_of, [](const OpCase& c, const Tensors&, Drawing& draw) {
    const Device device = draw.device();
    const Arithmetic arithmetic = device.type != DeviceType::cpu && c.kind == Kind::product && draw.one_in(3) ? Arithmetic::tf32 : draw.of({Arithmetic::f32, Arithmetic::bf16});
    const DrawnCard card(draw, int(draw.between(1, 1000)));
    SCOPED_TRACE(testing::Message() << "on " << device.str() << ", arithmetic " << int(arithmetic));
    const Errors e = errors_of(c, device, arithmetic), bound = bounds_of(c.kind, arithmetic);
    const int rounded = arithmetic == Arithmetic::f32 ? 1 : c.stored;
    EXPECT_LE(e.forward, rounded * bound.forward);
    EXPECT_LE(e.first, rounded * bound.first);
    EXPECT_LE(e.second, rounded * bound.second);
  });
}

TEST_F(OpRandom, DerivativesMatchDifferences) {
  draw_cases(600, 2'000'000, [](const OpCase& c) { return all_different(inputs_of(c)); }, [](const OpCase& c, const Tensors& inputs, Drawing&) {
    EXPECT_EQ(gradcheck(c.f, inputs), "");
    EXPECT_EQ(gradgradcheck(c.f, inputs), "");
  });
}

}  // namespace
}  // namespace ganymede::test
