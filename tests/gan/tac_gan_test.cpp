// TAC-GAN: the paper's sizes, what D's heads see, a step of G after another.
#include <gtest/gtest.h>

#include "engine/ops.h"
#include "gan/nets/tac_gan.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

nets::TacGanSize paper() {
  nets::TacGanSize s;
  s.size = 128, s.width = 64, s.text = 4800, s.projected = 256;
  return s;
}

TEST(TacGan, HasThePapersSizes) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  const nn::Net G("G", nets::tac_generator(paper())), D("D", nets::tac_discriminator(paper()));
  // Text 4800 * 256 + 256; 356 -> 8 * 8 * 512; convolutions of 5 between 512, 256, 128, 64 and 3 channels; biases of norms and of the last layer.
  EXPECT_EQ(G.parameter_count(), 4800 * 256 + 256 + 356 * 8 * 8 * 512 + 25 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 512 + 256 + 128 + 64 + 3);
  EXPECT_EQ(G(zeros({2, 100}), zeros({2, 4800})).shape(), Shape({2, 128, 128, 3}));
  EXPECT_EQ(D.parameter_count(), 25 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 64 + 128 + 256 + 512 + 4800 * 256 + 256 + 768 * 512 + 512 + 64 * 512 * 103 + 103);
  const Tensors said = D(Tensors{zeros({2, 128, 128, 3}), zeros({2, 4800})});
  EXPECT_EQ(said.at(0).shape(), Shape({2, 1}));
  EXPECT_EQ(said.at(1).shape(), Shape({2, 102}));
}

// Smaller pictures start from 4 pixels and have a stage less for each halving.
TEST(TacGan, TakesSmallerPictures) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  for (const int size : {8, 16, 32, 64, 256}) {
    nets::TacGanSize s = paper();
    s.size = size, s.width = 2;
    EXPECT_EQ(nn::Net("G", nets::tac_generator(s))(zeros({2, 100}), zeros({2, 4800})).shape(), Shape({2, size, size, 3}));
    EXPECT_EQ(nn::Net("D", nets::tac_discriminator(s))(Tensors{zeros({2, size, size, 3}), zeros({2, 4800})}).at(1).shape(), Shape({2, 102}));
  }
}

TEST(TacGan, BothHeadsSeeTheText) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(2);
  nets::TacGanSize s;
  s.size = 16, s.channels = 1, s.width = 2, s.text = 4, s.projected = 3, s.classes = 5;
  const nn::Net D("D", nets::tac_discriminator(s));
  const Tensor x = random_tensor({2, 16, 16, 1}, 3);
  const Tensors a = D(Tensors{x, random_tensor({2, 4}, 4)}), b = D(Tensors{x, random_tensor({2, 4}, 5)});
  for (int head : {0, 1}) EXPECT_NE(a[size_t(head)].to_doubles(), b[size_t(head)].to_doubles());
}

// What the generated tests do not reach in three iterations.
TEST(TacGan, SamplesByEitherStatistics) {
  const auto sample = [](const std::string& test) {
    Tiny t({"tac-gan", {{"test", test}}});
    for (int i = 0; i < 3; ++i) t->step();
    return t->sample(2, 1).to_doubles();
  };
  EXPECT_NE(sample("running"), sample("as-training"));
}

}  // namespace
}  // namespace ganymede::test
