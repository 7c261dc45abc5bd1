// Checks of options' values; their messages say the value and what would be right.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace ganymede::apps {

// Whole numbers from `least` to `most`.
CLI::Validator whole(int64_t least, int64_t most);
// Finite numbers above 0.
CLI::Validator positive();
// One of these words.
CLI::Validator one_of(std::vector<std::string> words);

// "a, b or c".
std::string alternatives(const std::vector<std::string>& words);

}  // namespace ganymede::apps
