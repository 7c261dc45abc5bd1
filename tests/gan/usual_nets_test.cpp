// What the networks of several papers have in common (gan/nets/usual.h).
#include <gtest/gtest.h>

#include <string>

#include "engine/check.h"
#include "gan/nets/usual.h"

namespace ganymede::nets {
namespace {

std::string refused_size(int size, int least = 1) {
  try {
    doublings_of_four(size, "WHO", least, ", and 28", ", or kind=mlp");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(UsualNets, SizesAreFourDoubled) {
  EXPECT_EQ(doublings_of_four(8, "WHO"), 1);
  EXPECT_EQ(doublings_of_four(256, "WHO"), 6);
  EXPECT_EQ(doublings_of_four(16, "WHO", 2), 2);
  for (const int size : {-8, 0, 1, 2, 4, 12, 28, 65}) EXPECT_NE(refused_size(size), "") << size;
  EXPECT_EQ(refused_size(24), "a picture size of 24: WHO takes 8, 16, 32, 64, ... pixels, and 28; set --size, or kind=mlp");
  EXPECT_EQ(refused_size(8, 2), "a picture size of 8: WHO takes 16, 32, 64, ... pixels, and 28; set --size, or kind=mlp");
  EXPECT_TRUE(is_doubled_four(4) && is_doubled_four(1024));
  EXPECT_FALSE(is_doubled_four(2) || is_doubled_four(48) || is_doubled_four(-4));
}

}  // namespace
}  // namespace ganymede::nets
