// Tests that every model must pass: INSTANTIATE_TEST_SUITE_P(All, Suite, testing::ValuesIn(model_ids()), model_name).
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "gan/models.h"

namespace ganymede::test {

inline std::vector<std::string> model_ids() {
  std::vector<std::string> ids;
  for (const Model& m : models()) ids.push_back(m.id);
  return ids;
}

// "wgan_gp" of wgan-gp, as names of tests must be.
inline std::string model_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

}  // namespace ganymede::test
