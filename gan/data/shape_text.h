#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gan/data/shape_scene.h"

namespace ganymede::data {

inline constexpr int64_t kMostTokens = 28;  // words of the longest caption, at most

// One English sentence about the main object, drawn from several phrasings; all it says is true of the scene.
std::string describe_scene(const Scene& scene, Random& random);

// Every word that a caption can have, sorted; number 0 is the empty padding word.
const std::vector<std::string>& caption_vocabulary();

// Numbers of the words of a caption. Throws on a word that is not in the vocabulary.
std::vector<int64_t> tokens_of(const std::string& caption);

}  // namespace ganymede::data
