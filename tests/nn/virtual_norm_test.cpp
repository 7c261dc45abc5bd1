#include "nn/virtual_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede::nn {
namespace {

Tensor rows(int64_t n, uint64_t from) {
  std::vector<double> v;
  for (int64_t i = 0; i < n * 12; ++i) v.push_back(std::sin(double(from) + 1.7 * double(i)));
  return tensor(v, Shape{n, 2, 2, 3}, DType::f32, Device{});
}

// A sample alone and among others gives the same; with batch norm it does not.
TEST(VirtualNorm, DoesNotSeeTheOtherSamples) {
  ContextScope scope;
  context().recording = false;
  seed_parameters(1);
  const Layer v = virtual_norm(3, 4), b = batch_norm(3);
  const Tensor reference = rows(4, 1), live = rows(8, 100);
  const auto one = v->forward(concat({reference, live.rows(2, 3)}, 0)).rows(4, 5).to_floats();
  EXPECT_EQ(one, v->forward(concat({reference, live}, 0)).rows(6, 7).to_floats());
  EXPECT_NE(b->forward(live.rows(2, 4)).rows(0, 1).to_floats(), b->forward(live).rows(2, 3).to_floats());
}

TEST(VirtualNorm, NormalisesTheReferenceByItself) {
  ContextScope scope;
  context().recording = false;
  context().dtype = DType::f64;
  const Layer v = virtual_norm(3, 4);
  v->visit({.parameter = [](const std::string&, Tensor& p) { assign(p, zeros_like(p)); }});
  const auto y = v->forward(cast(rows(4, 1), DType::f64)).to_doubles();
  for (size_t c = 0; c < 3; ++c) {
    double sum = 0, squares = 0;
    for (size_t i = c; i < y.size(); i += 3) sum += y[i], squares += y[i] * y[i];
    EXPECT_NEAR(sum / 16, 0, 1e-9);
    EXPECT_NEAR(squares / 16, 1, 1e-3);
  }
}

TEST(VirtualNorm, WantsItsReference) {
  ContextScope scope;
  EXPECT_THROW(virtual_norm(3, 4)->forward(rows(3, 1)), Error);
}

}  // namespace
}  // namespace ganymede::nn
