// LAPGAN's pyramid, its chain of levels, and what it refuses.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/parts/laplacian_pyramid.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

TEST(LaplacianPyramid, DoublesUpToTheFinestLevel) {
  EXPECT_EQ(LaplacianPyramid::between(8, 96).sides, (std::vector<int64_t>{8, 16, 32, 64, 96}));
  EXPECT_EQ(LaplacianPyramid::between(8, 28).sides, (std::vector<int64_t>{8, 16, 28}));
  EXPECT_EQ(LaplacianPyramid::between(7, 7).sides, (std::vector<int64_t>{7}));
  EXPECT_THROW(LaplacianPyramid::between(9, 8), Error);
  EXPECT_THROW(LaplacianPyramid::between(0, 8), Error);
}

TEST(LaplacianPyramid, JoinsWhatItSplit) {
  const ContextScope scope;
  context().device = Device{}, context().dtype = DType::f32;
  seed(3);
  for (const auto& [coarsest, finest] : {std::pair{4, 32}, {8, 28}, {5, 12}, {6, 6}}) {
    const LaplacianPyramid p = LaplacianPyramid::between(coarsest, finest);
    const Tensor x = uniform({2, finest, finest, 3}, -1, 1);
    const Tensors parts = p.split(x);
    ASSERT_EQ(parts.size(), p.sides.size());
    for (size_t k = 0; k < parts.size(); ++k) EXPECT_EQ(parts[k].shape(), (Shape{2, p.sides[k], p.sides[k], 3}));
    const auto got = p.join(parts).to_doubles(), want = x.to_doubles();
    for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5);
    // What the levels above lack makes a difference.
    if (parts.size() > 1) {
      Tensors without = parts;
      without.back() = zeros_like(without.back());
      EXPECT_NE(p.join(without).to_doubles(), got);
    }
  }
}

// The first numbers of z make the coarsest picture, the others the details of their levels.
TEST(Lapgan, EachPartOfZBelongsToALevel) {
  Tiny t({"lapgan", {{"coarsest", "5"}}});  // 5, 10 and 16 pixels
  const Latent& latent = t->recipe().latent;
  ASSERT_EQ(latent.length, 5 + 100 + 256);
  t->sampling(1, [&] {
    const Tensor z = latent.draw(1);
    const auto changed = [&](int64_t first, int64_t last) {
      auto v = z.to_floats();
      for (int64_t i = first; i < last; ++i) v[size_t(i)] = -v[size_t(i)];
      const auto a = latent.decode(z, {}).to_doubles(), b = latent.decode(tensor(v, z.shape(), z.dtype(), z.device()), {}).to_doubles();
      double sum = 0;
      for (size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
      return sum;
    };
    EXPECT_GT(changed(0, 5), 0);
    EXPECT_GT(changed(5, 105), 0);
    EXPECT_GT(changed(105, 361), 0);
    // One pixel of the last plane reaches 8 pixels around it (7 x 7, 7 x 7, 5 x 5), not the whole picture.
    auto v = z.to_floats();
    v[105] = -v[105];
    const auto a = latent.decode(z, {}).to_doubles(), b = latent.decode(tensor(v, z.shape(), z.dtype(), z.device()), {}).to_doubles();
    for (int64_t y = 0; y < 16; ++y)
      for (int64_t x = 0; x < 16; ++x)
        if (y > 8 || x > 8) EXPECT_EQ(a[size_t(y * 16 + x)], b[size_t(y * 16 + x)]);
  });
}

TEST(Lapgan, RefusesWhatDoesNotFit) {
  const auto refusal = [](std::map<std::string, std::string> settings) -> std::string {
    try {
      Tiny t({"lapgan", std::move(settings)});
    } catch (const UsageError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({{"coarsest", "17"}}), "setting coarsest=17: the pictures have 16 pixels; it must be at most that");
  EXPECT_EQ(refusal({{"classes", "true"}}), "");
  EXPECT_EQ(refusal({{"coarsest", "4"}}), "setting coarsest=4: the level above it has 8 pixels, fewer than the 9 that its discriminator sees");
}

}  // namespace
}  // namespace ganymede::test
