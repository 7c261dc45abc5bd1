// What options have in common: ranges, and messages that say the value and what would be right.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "gan/session.h"

namespace ganymede::apps {

// Whole numbers from `least` to `most`.
CLI::Validator whole(int64_t least, int64_t most);
// Finite numbers above 0.
CLI::Validator positive();
// One of these words.
CLI::Validator one_of(std::vector<std::string> words);

// "a, b or c".
std::string alternatives(const std::vector<std::string>& words);

constexpr int64_t kMostIterations = int64_t{1} << 32;  // a random stream's counter has as many

// The options that say what to build: --data, --size, --set and so on, into `session` and `settings`.
struct ModelOptions {
  SessionOptions session;
  std::vector<std::string> settings;  // "name=value"; the last of a name counts
  void add_to(CLI::App& verb);
  // With the settings parsed. UsageError names one that is not name=value.
  SessionOptions get() const;
};

}  // namespace ganymede::apps
