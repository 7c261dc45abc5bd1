#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace ganymede::run {

// What run.json holds: "model", "paper", "data", "version", "device", "seed", "threads", "precision",
// "batch", "steps",
// ... and, nested, "settings". Only "model" must be there.
using Json = nlohmann::ordered_json;

// All values that are no objects, in order, nested names joined by dots: {"settings.gp", 10}.
std::vector<std::pair<std::string, Json>> flatten(const Json& json);

// "settings.gp is 10 in this run, but 5 is asked for", and how many more differ; "" if none does. Those in
// `may_differ` do not count; a name there stands for all below it, too.
std::string describe_difference(const Json& stored, const Json& asked,
                                const std::vector<std::string>& may_differ);

}  // namespace ganymede::run
