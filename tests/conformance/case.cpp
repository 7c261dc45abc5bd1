#include "tests/conformance/case.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "engine/check.h"
#include "engine/safetensors.h"
#include "nn/torch.h"

namespace ganymede::conformance {
namespace {

using kernels::DType;

template <class T, class Out>
std::vector<Out> copy_as(const RawTensor& t) {
  std::vector<Out> out;
  for (size_t at = 0; at < t.bytes; at += sizeof(T)) {
    T value;
    std::memcpy(&value, t.data + at, sizeof value);
    out.push_back(static_cast<Out>(value));
  }
  return out;
}

Array array_of(const RawTensor& t) {
  Array a{t.shape, false, {}, {}};
  switch (t.dtype) {
    case DType::f32:
      a.values = copy_as<float, double>(t);
      break;
    case DType::f64:
      a.values = copy_as<double, double>(t);
      break;
    case DType::bf16:
      for (const uint16_t bits : copy_as<uint16_t, uint16_t>(t))
        a.values.push_back(std::bit_cast<float>(uint32_t{bits} << 16));
      break;
    case DType::i64:
      a.integers = copy_as<int64_t, int64_t>(t), a.integer = true;
      break;
    case DType::i32:
      a.integers = copy_as<int32_t, int64_t>(t), a.integer = true;
      break;
    case DType::u8:
      a.integers = copy_as<uint8_t, int64_t>(t), a.integer = true;
      break;
  }
  return a;
}

// A picture without its batch axis goes as a batch of one.
Array converted(const Array& x, Shape (*shape)(const Shape&),
                std::vector<double> (*values)(const std::vector<double>&, const Shape&)) {
  const size_t rank = x.shape.size();
  if (rank != 3 && rank != 4) return x;
  std::vector<int64_t> batch = x.shape;
  if (rank == 3) batch.insert(batch.begin(), 1);
  const Shape from(batch), to = shape(from);
  Array y = x;
  y.shape.assign(to.begin() + (rank == 3), to.end());
  y.values = values(x.values, from);
  return y;
}

// The number N of a key "in.N", or none.
std::optional<size_t> input_number(const std::string& key) {
  if (key.rfind("in.", 0) != 0 || key.size() == 3 || key.size() > 6) return std::nullopt;
  for (size_t i = 3; i < key.size(); ++i)
    if (key[i] < '0' || key[i] > '9') return std::nullopt;
  return std::stoul(key.substr(3));
}

}  // namespace

int64_t Array::count() const {
  int64_t n = 1;
  for (const int64_t size : shape) n *= size;
  return n;
}

double Array::norm() const {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return std::sqrt(sum);
}

Array channels_last(const Array& x) { return converted(x, nn::shape_from_torch, nn::values_from_torch); }

Array channels_first(const Array& x) { return converted(x, nn::shape_to_torch, nn::values_to_torch); }

const nlohmann::json* Attributes::find(const std::string& name) const {
  read_.insert(name);
  return has(name) ? &values_.at(name) : nullptr;
}

double Attributes::number(const std::string& name, double otherwise) const {
  const auto* v = find(name);
  return v ? v->get<double>() : otherwise;
}

int64_t Attributes::integer(const std::string& name, int64_t otherwise) const {
  const auto* v = find(name);
  return v ? v->get<int64_t>() : otherwise;
}

bool Attributes::flag(const std::string& name, bool otherwise) const {
  const auto* v = find(name);
  return v ? v->get<bool>() : otherwise;
}

std::string Attributes::word(const std::string& name, const std::string& otherwise) const {
  const auto* v = find(name);
  return v ? v->get<std::string>() : otherwise;
}

std::vector<int64_t> Attributes::list(const std::string& name) const {
  const auto* v = find(name);
  require(v != nullptr, "the attribute ", name, " is missing");
  return v->is_array() ? v->get<std::vector<int64_t>>() : std::vector<int64_t>{v->get<int64_t>()};
}

std::array<int, 2> Attributes::pair(const std::string& name,
                                    std::optional<std::array<int, 2>> otherwise) const {
  const auto* v = find(name);
  require(v || otherwise, "the attribute ", name, " is missing");
  if (!v) return *otherwise;
  if (v->is_array()) return v->get<std::array<int, 2>>();
  return {v->get<int>(), v->get<int>()};
}

std::vector<Attributes> Attributes::objects(const std::string& name) const {
  const auto* v = find(name);
  require(v && v->is_array(), "the attribute ", name, " must be a list");
  std::vector<Attributes> out;
  for (const auto& item : *v) out.emplace_back(item);
  return out;
}

std::vector<std::string> Attributes::unread() const {
  std::vector<std::string> out;
  for (const auto& [name, value] : values_.items())
    if (!read_.count(name)) out.push_back(name);
  return out;
}

const Array* Case::find(const std::string& key) const {
  const auto found = others.find(key);
  return found == others.end() ? nullptr : &found->second;
}

Case read_case(const std::string& path) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  const auto text_of = [&](const char* key) {
    const auto found = file.metadata().find(key);
    require(found != file.metadata().end(), path, ": no case: the metadata lacks ", key);
    return found->second;
  };
  Case c;
  c.op = text_of("op");
  c.name = file.metadata().count("name") ? file.metadata().at("name") : path;
  if (c.name.rfind(c.op + "/", 0) != 0) c.name = c.op + "/" + c.name;
  const auto attributes =
      nlohmann::json::parse(file.metadata().count("attrs") ? text_of("attrs") : "{}", nullptr, false);
  require(attributes.is_object(), path, ": attrs is not a JSON object");
  c.attributes = Attributes(attributes);
  for (const std::string& key : file.names()) {
    if (const auto i = input_number(key)) {
      c.inputs.resize(std::max(c.inputs.size(), *i + 1));
      c.inputs[*i] = array_of(file.at(key));
    } else {
      c.others[key] = array_of(file.at(key));
    }
  }
  require(!c.inputs.empty() && c.find("out.0"), path, ": no case: in.0 or out.0 is missing");
  return c;
}

}  // namespace ganymede::conformance
