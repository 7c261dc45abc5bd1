// Runs a computation on the simulator in every order of threads and blocks.
#pragma once
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "kernels/simt/simulator.h"

namespace ganymede::kernels::sim {

inline std::string name(const Settings& settings) {
  switch (settings.order) {
    case Order::forward:
      return "forward";
    case Order::reverse:
      return "reverse";
    case Order::random:
      return "random:" + std::to_string(settings.seed);
  }
  return "?";
}

// Puts the settings back that were in force.
class SettingsGuard {
 public:
  SettingsGuard() : before_(settings()) {}
  ~SettingsGuard() { configure(before_); }

 private:
  Settings before_;
};

// compute() returns a std::vector of plain values. Demands the same bits in forward, reverse and three random
// orders, with one worker and with three, and returns the result.
template <class Compute>
auto equal_in_any_order(Compute compute) {
  const SettingsGuard guard;
  configure({Order::forward, 1, 1});
  const auto expected = compute();
  for (const Settings& s :
       {Settings{Order::forward, 1, 3}, Settings{Order::reverse, 1, 1}, Settings{Order::random, 1, 1},
        Settings{Order::random, 2, 3}, Settings{Order::random, 3, 1}}) {
    configure(s);
    const auto result = compute();
    EXPECT_EQ(expected.size(), result.size());
    const bool equal = expected.size() == result.size() &&
                       !std::memcmp(expected.data(), result.data(), expected.size() * sizeof expected[0]);
    EXPECT_TRUE(equal) << "order " << name(s) << " with " << s.workers
                       << " workers gives other bits than forward";
  }
  return expected;
}

}  // namespace ganymede::kernels::sim
