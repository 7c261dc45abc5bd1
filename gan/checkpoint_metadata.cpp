#include "gan/checkpoint_metadata.h"

#include <charconv>

#include "engine/check.h"
#include "engine/safetensors_header.h"
#include "gan/checkpoint.h"

namespace ganymede {
namespace {

using safetensors::quote;

std::string metadata_of(const SafetensorsFile& file, const std::string& key) {
  const auto it = file.metadata().find(key);
  return it == file.metadata().end() ? "" : it->second;
}

}  // namespace

int64_t iteration_of(const SafetensorsFile& file) {
  const std::string written = metadata_of(file, "iteration");
  require(!written.empty(), file.path(), ": no iteration in its metadata; it is not a checkpoint of ganymede");
  int64_t n = -1;
  const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), n);
  require(error == std::errc() && end == written.data() + written.size() && n >= 0 && n <= kMostIterations, file.path(),
          ": iteration ", quote(written), " in its metadata; it must be a whole number from 0 to ", kMostIterations);
  return n;
}

void check_checkpoint(const std::string& path, const std::string& model) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  const std::string format = metadata_of(file, "format"), of = metadata_of(file, "model");
  require(format == kCheckpointFormat, path, ": format ", quote(format), ", expected ", quote(kCheckpointFormat));
  require(of == model, path, ": a checkpoint of ", quote(of), ", expected ", quote(model));
  iteration_of(file);
}

}  // namespace ganymede
