#include "nn/file.h"

#include <cstring>
#include <set>

#include "engine/check.h"

namespace ganymede::nn {

std::vector<double> doubles_of(const RawTensor& t, const std::string& where) {
  const auto read = [&](auto element) {
    std::vector<double> out(t.bytes / sizeof element);
    for (size_t i = 0; i < out.size(); ++i) {
      std::memcpy(&element, t.data + i * sizeof element, sizeof element);
      out[i] = double(element);
    }
    return out;
  };
  switch (t.dtype) {
    case DType::f32: return read(float());
    case DType::f64: return read(double());
    case DType::bf16: {
      std::vector<double> out;
      for (const double bits : read(uint16_t())) {
        const uint32_t wide = uint32_t(bits) << 16;
        float value;
        std::memcpy(&value, &wide, sizeof value);
        out.push_back(value);
      }
      return out;
    }
    default: fail(where, ": integers, expected numbers of a floating type");
  }
}

void save(const Net& net, const std::string& path, const std::map<std::string, std::string>& metadata) {
  std::vector<std::pair<std::string, RawTensor>> tensors;
  Tensors held;
  for (const auto* list : {&net.parameters(), &net.buffers()})
    for (const NamedTensor& t : *list) {
      held.push_back(to_device(t.value.constant(), Device{}));
      const Shape& s = t.value.shape();
      tensors.push_back({t.name, {t.value.dtype(), {s.begin(), s.end()}, static_cast<const std::byte*>(held.back().data()), held.back().bytes()}});
    }
  write_safetensors(path, metadata, tensors);
}

void load(const Net& net, const SafetensorsFile& file, const std::string& prefix) {
  std::set<std::string> taken;
  std::vector<std::vector<double>> values;
  Tensors to;
  for (const auto* list : {&net.parameters(), &net.buffers()})
    for (const NamedTensor& t : *list) {
      const std::string name = prefix + t.name;
      const RawTensor& raw = file.at(name);
      require(Shape(raw.shape) == t.value.shape(), file.path(), ": ", name, " has shape ", Shape(raw.shape), ", the network needs ", t.value.shape());
      values.push_back(doubles_of(raw, text(file.path(), ": ", name)));
      to.push_back(t.value);
      taken.insert(name);
    }
  for (const std::string& name : file.names())
    require(taken.count(name) || !name.starts_with(prefix), file.path(), ": ", name, " belongs to nothing in ", net.name());
  for (size_t i = 0; i < to.size(); ++i) assign(to[i], tensor(values[i], to[i].shape(), to[i].dtype(), to[i].device()));
}

}  // namespace ganymede::nn
