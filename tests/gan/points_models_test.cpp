// What models promise of points beside what every model promises of pictures.
#include <gtest/gtest.h>

#include "engine/context.h"
#include "gan/models.h"
#include "gan/nets/bigan.h"
#include "nn/net.h"

namespace ganymede {
namespace {

Config plane(std::map<std::string, std::string> settings) {
  DataFacts facts;
  facts.dimensions = 2, facts.count = 100;
  return {facts, std::move(settings)};
}

// A sheet asks D about ten thousand places in one batch, of which minibatch discrimination would compare every two.
TEST(ImprovedGan, ShowsNoFieldWhereDJudgesBatches) {
  ContextScope scope;
  EXPECT_FALSE(improved_gan(plane({})).field);
  EXPECT_TRUE(improved_gan(plane({{"minibatch", "false"}})).field);
}

// A norm of its own for each batch would hide where G's points lie.
TEST(BiGan, DOfPointsHasNoNorm) {
  ContextScope scope;
  nets::BiganSize s;
  s.elements = 2, s.latent = 2, s.width = 8;
  EXPECT_EQ(nn::Net("D", nets::bigan_discriminator(s)).buffers().size(), 2u);
  s.bounded = false;
  EXPECT_TRUE(nn::Net("D", nets::bigan_discriminator(s)).buffers().empty());
}

}  // namespace
}  // namespace ganymede
