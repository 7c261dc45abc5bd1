#include "engine/safetensors.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "engine/atomic_file.h"
#include "engine/check.h"
#include "engine/posix.h"
#include "engine/safetensors_header.h"

namespace ganymede {
namespace {

using safetensors::Entry;
using safetensors::quote;
using safetensors::Type;

static_assert(std::endian::native == std::endian::little, "the file's byte order is the memory's");

// A file to read; closes itself.
class File {
 public:
  explicit File(const std::string& path) : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail_with_errno(path, "cannot open");
  }
  ~File() { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  uint64_t size() const {
    struct stat status;
    if (fstat(descriptor_, &status) != 0) fail_with_errno(path_, "cannot read");
    require(S_ISREG(status.st_mode), path_, ": not a file");
    return static_cast<uint64_t>(status.st_size);
  }

  void read(void* to, uint64_t bytes) const {
    for (auto* at = static_cast<char*>(to); bytes != 0;) {
      const ssize_t got = ::read(descriptor_, at, std::min<uint64_t>(bytes, 1u << 30));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail_with_errno(path_, "cannot read");
      require(got != 0, path_, ": the file became shorter while it was read");
      at += got;
      bytes -= static_cast<uint64_t>(got);
    }
  }

 private:
  std::string path_;
  int descriptor_;
};

// Allocation of a size that a file claims: it was checked against the file's length, but memory may be
// smaller still.
std::shared_ptr<std::byte[]> allocate(const std::string& path, uint64_t bytes) {
  try {
    return std::make_shared_for_overwrite<std::byte[]>(bytes);
  } catch (const std::bad_alloc&) {
    fail(path, ": no memory for ", bytes, " bytes");
  }
}

float widen(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16, exponent = (half >> 10) & 31u, mantissa = half & 0x3ffu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  const float subnormal = static_cast<float>(mantissa) * 0x1p-24f;
  return sign != 0 ? -subnormal : subnormal;
}

std::shared_ptr<std::byte[]> widen(const std::string& path, const std::byte* from, uint64_t count) {
  std::shared_ptr<std::byte[]> to = allocate(path, count * sizeof(float));
  for (uint64_t i = 0; i < count; ++i) {
    uint16_t half;
    std::memcpy(&half, from + i * sizeof half, sizeof half);
    const float value = widen(half);
    std::memcpy(to.get() + i * sizeof value, &value, sizeof value);
  }
  return to;
}

// Levenshtein distance; names are short.
size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string nearest(const std::string& name, const std::vector<std::string>& names) {
  constexpr size_t kShown = 3, kLongest = 200;
  std::vector<std::pair<size_t, std::string>> ranked;
  for (const std::string& other : names) {
    if (other.size() <= kLongest && name.size() <= kLongest)
      ranked.emplace_back(edit_distance(name, other), other);
  }
  const size_t shown = std::min(kShown, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + shown, ranked.end());
  std::string out;
  for (size_t i = 0; i < shown; ++i) out += (i ? ", " : "; nearest: ") + quote(ranked[i].second);
  return out;
}

// The header, padded with blanks so that the data starts at a multiple of 8, and the order in which the data
// follows.
std::pair<std::string, std::vector<const RawTensor*>> layout(
    const std::map<std::string, std::string>& metadata,
    const std::vector<std::pair<std::string, RawTensor>>& tensors) {
  std::vector<size_t> order(tensors.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto element = [&](size_t i) {
    return safetensors::type_bytes(safetensors::type_of(tensors[i].second.dtype));
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return element(a) > element(b); });

  std::vector<uint64_t> begin(tensors.size());
  std::vector<const RawTensor*> data;
  uint64_t end = 0;
  for (const size_t i : order) {
    begin[i] = std::exchange(end, end + tensors[i].second.bytes);
    data.push_back(&tensors[i].second);
  }

  std::string json = "{";
  if (!metadata.empty()) json += "\"__metadata__\":" + nlohmann::json(metadata).dump();
  std::unordered_set<std::string> names;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, tensor] = tensors[i];
    const Type type = safetensors::type_of(tensor.dtype);
    require(!name.empty() && name != "__metadata__" && names.insert(name).second, "tensor ", quote(name),
            ": the name is empty, reserved or used twice");
    const uint64_t needed = safetensors::tensor_bytes(name, tensor.shape, type);
    require(tensor.bytes == needed, "tensor ", quote(name), ": ", tensor.bytes,
            " bytes given, the shape takes ", needed);
    if (json.size() > 1) json += ',';
    json += nlohmann::json(name).dump() + ":{\"dtype\":\"" + safetensors::type_name(type) +
            "\",\"shape\":" + nlohmann::json(tensor.shape).dump() + ",\"data_offsets\":[" +
            std::to_string(begin[i]) + "," + std::to_string(begin[i] + tensor.bytes) + "]}";
  }
  json += '}';
  json.append((8 - json.size() % 8) % 8, ' ');
  require(json.size() <= safetensors::kMaxHeaderBytes, "the header would have ", json.size(),
          " bytes (at most ", safetensors::kMaxHeaderBytes, ")");
  return {std::move(json), std::move(data)};
}

}  // namespace

SafetensorsFile SafetensorsFile::read(const std::string& path) {
  const File file(path);
  const uint64_t size = file.size();
  uint64_t header_bytes = 0;
  require(size >= sizeof header_bytes, path, ": ", size, " bytes are too few for a safetensors file");
  file.read(&header_bytes, sizeof header_bytes);
  require(header_bytes <= size - sizeof header_bytes && header_bytes <= safetensors::kMaxHeaderBytes, path,
          ": not a safetensors file or cut short: the header would have ", header_bytes,
          " bytes, the file has ", size);
  std::string json(header_bytes, '\0');
  file.read(json.data(), header_bytes);
  const uint64_t data_bytes = size - sizeof header_bytes - header_bytes;
  safetensors::Header header;
  try {
    header = safetensors::parse_header(json, data_bytes);
  } catch (const Error& error) {
    fail(path, ": ", error.what());
  }

  SafetensorsFile out;
  const std::shared_ptr<std::byte[]> data = allocate(path, data_bytes);
  file.read(data.get(), data_bytes);
  out.path_ = path;
  out.metadata_ = std::move(header.metadata);
  out.buffers_.push_back(data);
  for (Entry& e : header.entries) {
    RawTensor tensor{safetensors::dtype_of(e.type), std::move(e.shape), data.get() + e.begin,
                     e.end - e.begin};
    if (e.type == Type::f16) {
      const uint64_t count = tensor.bytes / sizeof(uint16_t);
      out.buffers_.push_back(widen(path, tensor.data, count));
      tensor.data = out.buffers_.back().get();
      tensor.bytes = count * sizeof(float);
    }
    out.names_.push_back(e.name);
    out.tensors_.emplace(std::move(e.name), std::move(tensor));
  }
  return out;
}

const RawTensor& SafetensorsFile::at(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) fail(path_, ": no tensor ", quote(name), nearest(name, names_));
  return found->second;
}

void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<std::pair<std::string, RawTensor>>& tensors) {
  std::string json;
  std::vector<const RawTensor*> data;
  try {
    std::tie(json, data) = layout(metadata, tensors);
  } catch (const nlohmann::json::exception&) {
    fail(path, ": a tensor's name or the metadata is not UTF-8");
  } catch (const Error& error) {
    fail(path, ": ", error.what());
  }

  AtomicFile file(path);
  const uint64_t header_bytes = json.size();
  const auto write = [&](const void* bytes, uint64_t count) {
    file.write({static_cast<const char*>(bytes), static_cast<size_t>(count)});
  };
  write(&header_bytes, sizeof header_bytes);
  write(json.data(), json.size());
  for (const RawTensor* tensor : data) write(tensor->data, tensor->bytes);
  file.commit();
}

}  // namespace ganymede
