// Which networks a training moves.
#pragma once
#include <set>
#include <string>

#include "tests/gan/model_fixture.h"

namespace ganymede::test {

// The names of those whose parameters `steps` iterations change.
inline std::set<std::string> moved_nets(Tiny& t, int steps) {
  const auto before = t.state();
  for (int i = 0; i < steps; ++i) t->step();
  const auto now = t.state();
  std::set<std::string> nets;
  for (const nn::Net& n : t->recipe().nets)
    for (const auto& p : n.parameters())
      if (before.at(n.name() + "." + p.name) != now.at(n.name() + "." + p.name)) nets.insert(n.name());
  return nets;
}

}  // namespace ganymede::test
