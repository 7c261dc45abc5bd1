#include "gan/metrics/kept_network.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "engine/check.h"
#include "engine/safetensors.h"
#include "gan/cache_folder.h"

namespace ganymede::metrics {
namespace {

namespace fs = std::filesystem;

std::vector<nn::NamedTensor> tensors(const nn::Net& net) {
  std::vector<nn::NamedTensor> all = net.parameters();
  all.insert(all.end(), net.buffers().begin(), net.buffers().end());
  return all;
}

}  // namespace

// FNV-1a.
uint64_t fingerprint(const data::Dataset& set, const std::vector<std::string>& fields) {
  uint64_t hash = 0xcbf29ce484222325u;
  const auto mix = [&](const void* bytes, size_t n) {
    for (size_t i = 0; i < n; ++i) hash = (hash ^ static_cast<const uint8_t*>(bytes)[i]) * 0x100000001b3u;
  };
  const int64_t size = set.size(), step = std::max<int64_t>(1, size / 64);
  mix(&size, sizeof size);
  data::HostBatch row(set.fields(), 1);
  for (int64_t i = 0; i < size; i += step) {
    data::Random random(0, 0, uint64_t(i));
    set.read(i, random, row, 0);
    for (const std::string& name : fields) {
      if (set.field(name)->kind == data::Kind::real) mix(row.real(name).data(), row.real(name).size_bytes());
      else mix(row.integer(name).data(), row.integer(name).size_bytes());
    }
  }
  return hash;
}

std::string kept_path(const std::string& stem, const data::Dataset& set, uint64_t print) {
  const std::string folder = cache_folder();
  if (folder.empty()) return "";
  const data::Field& image = *set.field("image");
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(print));
  return text(folder, "/", stem, "-", image.shape[0], "x", image.shape[2], "-", hex, ".safetensors");
}

std::string entry(const Metadata& metadata, const std::string& path, const std::string& key) {
  const auto it = metadata.find(key);
  require(it != metadata.end(), path, ": no ", key, " in its metadata");
  return it->second;
}

Metadata read_kept(const std::string& path, const std::string& format, const nn::Net& net) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  const Metadata metadata(file.metadata().begin(), file.metadata().end());
  require(entry(metadata, path, "format") == format, path, ": format ", entry(metadata, path, "format"));
  for (const auto& [name, t] : tensors(net)) {
    const RawTensor& raw = file.at(name);
    require(raw.dtype == DType::f32 && Shape(raw.shape) == t.shape(), path, ", tensor ", name, ": ", Shape(raw.shape), " in the file, ", t.shape(), " in the network");
  }
  for (const auto& [name, t] : tensors(net)) upload(t, file.at(name).data, file.at(name).bytes);
  return metadata;
}

void write_kept(const std::string& path, const std::string& format, Metadata metadata, const nn::Net& net) {
  fs::create_directories(fs::path(path).parent_path());
  std::vector<std::vector<float>> hold;
  std::vector<std::pair<std::string, RawTensor>> raw;
  for (const auto& [name, t] : tensors(net)) {
    hold.push_back(t.to_floats());
    raw.push_back({name, {DType::f32, {t.shape().begin(), t.shape().end()}, reinterpret_cast<const std::byte*>(hold.back().data()), hold.back().size() * sizeof(float)}});
  }
  metadata["format"] = format;
  write_safetensors(path, metadata, raw);
}

}  // namespace ganymede::metrics
