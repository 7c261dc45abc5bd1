#include "engine/onnx/graph.h"

#include <onnx/onnx_pb.h>

#include <cstring>
#include <functional>
#include <string_view>

#include "engine/check.h"

namespace ganymede::onnx_graph {
namespace {

constexpr int kOperatorSet = 17, kFormat = 8;   // of ONNX 1.12
constexpr size_t kMostBytes = size_t{2} << 30;  // of a protobuf message

template <class T>
std::vector<T> turned(const std::vector<T>& from, const Shape& shape, const std::vector<int>& order) {
  const size_t rank = order.size();
  std::vector<int64_t> step(rank, 1), dims(rank), index(rank, 0);
  for (size_t i = rank; i-- > 1;) step[i - 1] = step[i] * shape[int(i)];
  for (size_t i = 0; i < rank; ++i) dims[i] = shape[order[i]];
  std::vector<T> to;
  to.reserve(from.size());
  while (to.size() < from.size()) {
    int64_t at = 0;
    for (size_t i = 0; i < rank; ++i) at += index[i] * step[size_t(order[i])];
    to.push_back(from[size_t(at)]);
    for (size_t i = rank; i-- > 0;) {
      if (++index[i] < dims[i]) break;
      index[i] = 0;
    }
  }
  return to;
}

onnx::TensorProto::DataType number_of(Type type) {
  return type == Type::f32 ? onnx::TensorProto::FLOAT : type == Type::i64 ? onnx::TensorProto::INT64 : onnx::TensorProto::BOOL;
}

void describe(onnx::ValueInfoProto& info, const std::string& name, Type type, const Shape& shape) {
  info.set_name(name);
  auto& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(number_of(type));
  for (int i = 0; i < shape.rank(); ++i) tensor.mutable_shape()->add_dim()->set_dim_value(shape[i]);
  tensor.mutable_shape();
}

void set(onnx::AttributeProto& a, const std::string& name, const Attribute& value) {
  a.set_name(name);
  if (const auto* i = std::get_if<int64_t>(&value)) a.set_type(onnx::AttributeProto::INT), a.set_i(*i);
  else if (const auto* f = std::get_if<double>(&value)) a.set_type(onnx::AttributeProto::FLOAT), a.set_f(float(*f));
  else if (const auto* s = std::get_if<std::string>(&value)) a.set_type(onnx::AttributeProto::STRING), a.set_s(*s);
  else {
    a.set_type(onnx::AttributeProto::INTS);
    for (const int64_t x : std::get<std::vector<int64_t>>(value)) a.add_ints(x);
  }
}

}  // namespace

Value Graph::add(Made made) {
  const int id = int(values_.size());
  if (made.name.empty()) made.name = text("v", id);
  values_.push_back(std::move(made));
  return {id};
}

Value Graph::input(const std::string& name, Type type, const Shape& shape) { return add({name, type, shape, "input"}); }

void Graph::output(const std::string& name, Value v) { outputs_.emplace_back(name, node("Identity", {v}, {}, shape(v), type(v))); }

Value Graph::keep_constant(Made made) {
  const auto view = [](const Made& m) {
    return m.type == Type::f32 ? std::string_view(reinterpret_cast<const char*>(m.numbers.data()), m.numbers.size() * sizeof(float))
                               : std::string_view(reinterpret_cast<const char*>(m.whole.data()), m.whole.size() * sizeof(int64_t));
  };
  const size_t hash = std::hash<std::string_view>()(view(made));
  for (auto [i, end] = constants_.equal_range(hash); i != end; ++i) {
    const Made& other = values_[size_t(i->second)];
    if (other.type == made.type && other.shape == made.shape && view(other) == view(made)) return {i->second};
  }
  const Value v = add(std::move(made));
  constants_.emplace(hash, v.id);
  return v;
}

Value Graph::constant(std::vector<float> numbers, const Shape& shape) { return keep_constant({.name = "", .type = Type::f32, .shape = shape, .op = "constant", .numbers = std::move(numbers)}); }
Value Graph::constant(std::vector<int64_t> numbers, const Shape& shape) { return keep_constant({.name = "", .type = Type::i64, .shape = shape, .op = "constant", .whole = std::move(numbers)}); }

Value Graph::node(const std::string& op, const Values& inputs, const Attributes& attributes, const Shape& shape, Type type) {
  return add({.name = "", .type = type, .shape = shape, .op = op, .from = inputs, .attributes = attributes});
}

Value Graph::reshaped(Value v, const Shape& to) {
  if (shape(v) == to) return v;
  require(shape(v).count() == to.count(), "onnx: ", shape(v), " reshaped to ", to);
  const Made& m = values_[size_t(v.id)];
  if (m.op == "constant") return m.type == Type::f32 ? constant(m.numbers, to) : constant(m.whole, to);
  if (m.op == "Reshape") return reshaped(m.from[0], to);
  std::vector<int64_t> dims;
  for (int i = 0; i < to.rank(); ++i) dims.push_back(to[i]);
  return node("Reshape", {v, list(dims)}, {}, to, type(v));
}

Value Graph::transposed(Value v, const std::vector<int>& order) {
  Shape to;
  std::vector<int64_t> perm;
  bool same = true;
  for (size_t i = 0; i < order.size(); ++i) to.push_back(shape(v)[order[i]]), perm.push_back(order[i]), same &= order[i] == int(i);
  if (same) return v;
  const Made& m = values_[size_t(v.id)];
  if (m.op == "constant") return m.type == Type::f32 ? constant(turned(m.numbers, m.shape, order), to) : constant(turned(m.whole, m.shape, order), to);
  if (m.op == "Transpose") {
    const auto& before = std::get<std::vector<int64_t>>(m.attributes[0].second);
    std::vector<int> both;
    for (const int i : order) both.push_back(int(before[size_t(i)]));
    return transposed(m.from[0], both);
  }
  return node("Transpose", {v}, {{"perm", perm}}, to, type(v));
}

std::vector<bool> Graph::needed() const {
  require(!outputs_.empty(), "onnx: a graph without outputs");
  std::vector<bool> needed(values_.size(), false);
  for (const auto& [name, v] : outputs_) needed[size_t(v.id)] = true;
  for (size_t i = values_.size(); i-- > 0;)
    if (needed[i])
      for (const Value from : values_[i].from)
        if (from) needed[size_t(from.id)] = true;
  return needed;
}

Graph::Summary Graph::summary() const {
  Summary s;
  const std::vector<bool> wanted = needed();
  for (size_t i = 0; i < values_.size(); ++i) {
    if (!wanted[i] || values_[i].op == "input") continue;
    if (values_[i].op == "constant") s.constants += values_[i].shape.count();
    else ++s.nodes;
  }
  return s;
}

std::string Graph::bytes(const std::string& about, const std::map<std::string, std::string>& properties) const {
  onnx::ModelProto model;
  model.set_ir_version(kFormat);
  model.set_producer_name("ganymede");
  model.set_doc_string(about);
  auto& set_of = *model.add_opset_import();
  set_of.set_domain("");
  set_of.set_version(kOperatorSet);
  for (const auto& [key, value] : properties) {
    auto& p = *model.add_metadata_props();
    p.set_key(key), p.set_value(value);
  }
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("ganymede");
  const std::vector<bool> wanted = needed();
  std::map<int, std::string> named;   // what an output is called
  for (const auto& [name, v] : outputs_) named[v.id] = name;
  const auto name_of = [&](Value v) { return !v ? "" : named.count(v.id) ? named.at(v.id) : values_[size_t(v.id)].name; };
  for (size_t i = 0; i < values_.size(); ++i) {
    const Made& m = values_[i];
    if (m.op == "input") {
      describe(*graph.add_input(), m.name, m.type, m.shape);   // one that nothing needs as well: it was asked for
    } else if (!wanted[i]) {
      continue;
    } else if (m.op == "constant") {
      onnx::TensorProto& t = *graph.add_initializer();
      t.set_name(m.name);
      t.set_data_type(number_of(m.type));
      for (int d = 0; d < m.shape.rank(); ++d) t.add_dims(m.shape[d]);
      if (m.type == Type::f32) t.set_raw_data(m.numbers.data(), m.numbers.size() * sizeof(float));
      else t.set_raw_data(m.whole.data(), m.whole.size() * sizeof(int64_t));
    } else {
      onnx::NodeProto& n = *graph.add_node();
      n.set_op_type(m.op);
      n.set_name(text(m.op, "_", i));
      for (const Value from : m.from) n.add_input(name_of(from));
      n.add_output(name_of({int(i)}));
      for (const auto& [key, value] : m.attributes) set(*n.add_attribute(), key, value);
    }
  }
  for (const auto& [name, v] : outputs_) describe(*graph.add_output(), name, type(v), shape(v));
  require(model.ByteSizeLong() < kMostBytes, "onnx: ", model.ByteSizeLong(), " bytes do not fit a file of this format, which ends at 2 GiB");
  return model.SerializeAsString();
}

}  // namespace ganymede::onnx_graph
