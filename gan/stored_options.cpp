// A run's options from its run.json, which comes from a file: every value is checked for its kind and range.
#include "engine/check.h"
#include "engine/safetensors_header.h"
#include "gan/checkpoint_metadata.h"
#include "gan/session.h"

namespace ganymede {
namespace {

using Json = nlohmann::ordered_json;

// Long values are cut, bytes that are not UTF-8 replaced.
std::string shown(const Json& value) {
  const std::string all = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return all.size() > 80 ? all.substr(0, 77) + "..." : all;
}

const Json& at(const Json& run, const char* name) {
  const auto found = run.find(name);
  require(found != run.end(), "run.json is not one of ganymede's: it has no \"", name, "\"");
  return *found;
}

std::string word(const Json& run, const char* name) {
  const Json& value = at(run, name);
  require(value.is_string(), "run.json, ", name, ": ", shown(value), " is not text");
  return value.get<std::string>();
}

int64_t whole(const Json& run, const char* name, int64_t least, int64_t most) {
  const Json& value = at(run, name);
  const bool fits = value.is_number_integer() && (!value.is_number_unsigned() || value.get<uint64_t>() <= uint64_t(INT64_MAX)) &&
                    value.get<int64_t>() >= least && value.get<int64_t>() <= most;
  require(fits, "run.json, ", name, ": ", shown(value), " is not a whole number from ", least, " to ", most);
  return value.get<int64_t>();
}

}  // namespace

// Ranges as the command line has them; 0 where it stands for "as the data are".
SessionOptions Session::from_run(const Json& run) {
  SessionOptions o;
  require(run.is_object(), "run.json is not one of ganymede's: it is no object");
  o.model = word(run, "model");
  o.data = word(run, "data");
  o.size = whole(run, "size", 0, 65536);
  o.channels = whole(run, "channels", 0, 4096);
  o.batch = whole(run, "batch", 1, 1 << 20);
  o.steps = whole(run, "steps", 0, kMostIterations);
  o.seed = uint64_t(whole(run, "seed", 0, INT64_MAX));
  o.device = word(run, "device");
  o.precision = word(run, "precision");
  o.threads = int(whole(run, "threads", 1, 1024));
  if (run.contains("processes")) o.processes = int(whole(run, "processes", 1, o.batch));
  const Json& settings = at(run, "settings");
  require(settings.is_object(), "run.json, settings: ", shown(settings), " is not an object");
  for (const auto& [name, value] : settings.items()) {
    require(value.is_string(), "run.json, settings.", safetensors::quote(name), ": ", shown(value), " is not text");
    o.settings[name] = value.get<std::string>();
  }
  return o;
}

}  // namespace ganymede
