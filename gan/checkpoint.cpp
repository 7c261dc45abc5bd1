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

// What each process has for itself.
bool is_own(const std::string& name) { return name.starts_with("kept."); }
std::string name_of(int rank, const std::string& name) { return rank ? "process" + std::to_string(rank) + "." + name : name; }

}  // namespace

void save_checkpoint(const std::string& path, const Trainer& trainer, std::map<std::string, std::string> metadata) {
  metadata["format"] = kCheckpointFormat;
  metadata["iteration"] = std::to_string(trainer.iteration());
  std::vector<std::vector<std::byte>> hold;
  std::vector<std::pair<std::string, RawTensor>> tensors;
  const ProcessGroup* const group = trainer.group();
  const auto add = [&](const std::string& name, const Tensor& like, std::vector<std::byte> bytes) {
    hold.push_back(std::move(bytes));
    tensors.push_back({name, RawTensor{like.dtype(), std::vector<int64_t>(like.shape().begin(), like.shape().end()), hold.back().data(), hold.back().size()}});
  };
  for (const auto& [name, t] : trainer.state()) {
    const std::vector<std::byte> own = host_bytes(t);
    const auto all = group && is_own(name) ? group->gather(own) : std::vector<std::vector<std::byte>>{};
    add(name, t, own);
    for (size_t rank = 1; rank < all.size(); ++rank)
      if (all[rank] != own) add(name_of(int(rank), name), t, all[rank]);
  }
  if (group && !group->leads()) return;
  write_safetensors(path, metadata, tensors);
}

void load_checkpoint(const std::string& path, Trainer& trainer) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  const int64_t iteration = iteration_of(file);
  trainer.prepare_resume(iteration);
  auto state = trainer.state();
  const int rank = trainer.group() ? trainer.group()->rank() : 0;
  for (auto& [name, t] : state) {
    if (is_own(name) && file.contains(name_of(rank, name))) name = name_of(rank, name);
    const RawTensor& raw = file.at(name);
    require(raw.dtype == t.dtype() && Shape(raw.shape) == t.shape(), path, ", tensor ", name, ": ", raw.dtype, " ", Shape(raw.shape), " in the file, ", t.dtype(), " ", t.shape(), " in the model");
  }
  for (const auto& [name, t] : state) upload(t, file.at(name).data, file.at(name).bytes);
  trainer.resume_at(iteration);
}

}  // namespace ganymede
