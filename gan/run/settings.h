#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "gan/run/json.h"

namespace ganymede::run {

// The content of run.json: "model", "paper", "data", "version", "device", "seed", "threads", "precision", "batch", "steps",
// ... and, nested, "settings". Only "model" must be there. Throws Error with `path` and what is wrong.
Json parse_run(const std::filesystem::path& path, const std::string& bytes);

// All values that are no objects, in order, nested names joined by dots: {"settings.gp", 10}.
std::vector<std::pair<std::string, Json>> flatten(const Json& json);

// "settings.gp is 10 in this run, but 5 is asked for", and how many more differ; "" if none does. Those in
// `may_differ` do not count; a name there stands for all below it, too.
std::string describe_difference(const Json& stored, const Json& asked,
                                const std::vector<std::string>& may_differ);

}  // namespace ganymede::run
