#include "gan/checkpoint.h"

#include <charconv>
#include <cstring>

#include "engine/check.h"
#include "engine/safetensors.h"

namespace ganymede {
namespace {

constexpr const char* kFormat = "ganymede checkpoint 1";

std::vector<std::byte> host_bytes(const Tensor& t) {
  std::vector<std::byte> bytes(t.bytes());
  if (bytes.empty()) return bytes;
  const auto& k = kernels_of(t.device()).device;
  k.download(k.stream(), bytes.data(), t.data(), bytes.size());
  return bytes;
}

int64_t iteration_of(const SafetensorsFile& file) {
  const auto it = file.metadata().find("iteration");
  int64_t n = -1;
  if (it != file.metadata().end()) std::from_chars(it->second.data(), it->second.data() + it->second.size(), n);
  require(n >= 0, file.path(), ": no iteration in its metadata; it is not a checkpoint of ganymede");
  return n;
}

std::string metadata_of(const SafetensorsFile& file, const std::string& key) {
  const auto it = file.metadata().find(key);
  return it == file.metadata().end() ? "" : it->second;
}

}  // namespace

void save_checkpoint(const std::string& path, const Trainer& trainer, std::map<std::string, std::string> metadata) {
  metadata["format"] = kFormat;
  metadata["iteration"] = std::to_string(trainer.iteration());
  std::vector<std::vector<std::byte>> hold;
  std::vector<std::pair<std::string, RawTensor>> tensors;
  for (const auto& [name, t] : trainer.state()) {
    hold.push_back(host_bytes(t));
    tensors.push_back({name, RawTensor{t.dtype(), std::vector<int64_t>(t.shape().begin(), t.shape().end()), hold.back().data(), hold.back().size()}});
  }
  write_safetensors(path, metadata, tensors);
}

void load_checkpoint(const std::string& path, Trainer& trainer) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  const int64_t iteration = iteration_of(file);
  trainer.prepare_resume(iteration);
  const auto state = trainer.state();
  for (const auto& [name, t] : state) {
    const RawTensor& raw = file.at(name);
    require(raw.dtype == t.dtype() && Shape(raw.shape) == t.shape(), path, ", tensor ", name, ": ", raw.dtype, " ", Shape(raw.shape), " in the file, ", t.dtype(), " ", t.shape(), " in the model");
  }
  for (const auto& [name, t] : state) upload(t, file.at(name).data, file.at(name).bytes);
  trainer.resume_at(iteration);
}

void check_checkpoint(const std::string& path, const std::string& model) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  require(metadata_of(file, "format") == kFormat, path, ": format \"", metadata_of(file, "format"), "\", expected \"", kFormat, "\"");
  require(metadata_of(file, "model") == model, path, ": a checkpoint of ", metadata_of(file, "model"), ", expected ", model);
  iteration_of(file);
}

}  // namespace ganymede
