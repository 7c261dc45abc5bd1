#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace ganymede::run {

using Json = nlohmann::ordered_json;

// Reads JSON from a file that may come from anywhere. Discarded (Json::is_discarded) unless it is JSON nested at most
// kDeepestJson levels: what walks a deeper tree, dump() included, would overflow the stack.
inline constexpr int kDeepestJson = 64;
Json parse_json(std::string_view text);

}  // namespace ganymede::run
