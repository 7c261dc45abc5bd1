#include "gan/checkpoint.h"

#include <cstring>

#include "engine/check.h"
#include "engine/safetensors.h"
#include "gan/checkpoint_metadata.h"

namespace ganymede {
namespace {

std::vector<std::byte> host_bytes(const Tensor& t) {
  std::vector<std::byte> bytes(t.bytes());
  if (bytes.empty()) return bytes;
  const auto& k = kernels_of(t.device()).device;
  k.download(k.stream(), bytes.data(), t.data(), bytes.size());
  return bytes;
}

}  // namespace

void save_checkpoint(const std::string& path, const Trainer& trainer, std::map<std::string, std::string> metadata) {
  metadata["format"] = kCheckpointFormat;
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

}  // namespace ganymede
