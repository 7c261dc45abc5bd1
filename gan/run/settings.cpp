#include "gan/run/settings.h"

#include <algorithm>
#include <map>
#include <optional>

#include "engine/check.h"

namespace ganymede::run {
namespace {

void flatten_into(const Json& json, const std::string& prefix,
                  std::vector<std::pair<std::string, Json>>& out) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_object() && !value.empty())
      flatten_into(value, prefix + key + ".", out);
    else
      out.emplace_back(prefix + key, value);
  }
}

bool covers(const std::vector<std::string>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& n) { return name == n || name.starts_with(n + "."); });
}

}  // namespace

Json parse_run(const std::filesystem::path& path, const std::string& bytes) {
  Json run = parse_json(bytes);
  if (!run.is_object()) throw Error(path.string() + ": damaged: not a JSON object");
  if (!run.contains("model") || !run["model"].is_string())
    throw Error(path.string() + ": damaged: it does not say which \"model\" was trained");
  return run;
}

std::vector<std::pair<std::string, Json>> flatten(const Json& json) {
  std::vector<std::pair<std::string, Json>> out;
  flatten_into(json, "", out);
  return out;
}

std::string describe_difference(const Json& stored, const Json& asked,
                                const std::vector<std::string>& may_differ) {
  struct Sides {
    std::optional<Json> stored, asked;
  };
  std::map<std::string, Sides> sides;
  for (const auto& [name, value] : flatten(stored)) sides[name].stored = value;
  for (const auto& [name, value] : flatten(asked)) sides[name].asked = value;
  const auto text = [](const std::optional<Json>& value) { return value ? value->dump() : "not set"; };
  std::string first;
  int others = 0;
  for (const auto& [name, side] : sides) {
    if (side.stored == side.asked || covers(may_differ, name)) continue;
    if (first.empty())
      first = name + " is " + text(side.stored) + " in this run, but " + text(side.asked) + " is asked for";
    else
      ++others;
  }
  if (others == 0) return first;
  return first + " (" + std::to_string(others) + " more differ" + (others == 1 ? "s" : "") + ")";
}

}  // namespace ganymede::run
