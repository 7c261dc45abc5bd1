// An ONNX graph under construction (Open Neural Network Exchange, https://onnx.ai; operator set 17): values with shapes, made by
// nodes, constants and inputs, written as a file that other runtimes read.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "engine/shape.h"

namespace ganymede::onnx_graph {

enum class Type { f32, i64, boolean };

// A value of the graph, by number.
struct Value {
  int id = -1;
  explicit operator bool() const { return id >= 0; }
  bool operator==(const Value&) const = default;
};
using Values = std::vector<Value>;

using Attribute = std::variant<int64_t, double, std::string, std::vector<int64_t>>;
using Attributes = std::vector<std::pair<std::string, Attribute>>;

class Graph {
 public:
  Value input(const std::string& name, Type type, const Shape& shape);
  void output(const std::string& name, Value v);
  // Constants with equal contents are one.
  Value constant(std::vector<float> numbers, const Shape& shape);
  Value constant(std::vector<int64_t> numbers, const Shape& shape);
  Value number(double x) { return constant(std::vector<float>{float(x)}, Shape{}); }
  Value list(const std::vector<int64_t>& numbers) { return constant(numbers, {int64_t(numbers.size())}); }
  // The first result of an operator, whose type and shape the caller knows.
  Value node(const std::string& op, const Values& inputs, const Attributes& attributes, const Shape& shape, Type type = Type::f32);

  // The same elements in the same order; v itself if the shape is its own.
  Value reshaped(Value v, const Shape& shape);
  // Axis i of the result is axis order[i] of v. Constants are turned round here, and two that cancel vanish.
  Value transposed(Value v, const std::vector<int>& order);

  const Shape& shape(Value v) const { return values_[size_t(v.id)].shape; }
  Type type(Value v) const { return values_[size_t(v.id)].type; }

  // Of the nodes that the outputs need. Throws Error where there is no output.
  struct Summary {
    int nodes = 0;
    int64_t constants = 0;   // numbers in them
  };
  Summary summary() const;
  // The file's bytes: an onnx ModelProto. about: documentation; properties: metadata by name.
  std::string bytes(const std::string& about, const std::map<std::string, std::string>& properties) const;

 private:
  struct Made {
    std::string name;
    Type type;
    Shape shape;
    std::string op;            // "input", "constant", or the operator's name
    Values from = {};
    Attributes attributes = {};
    std::vector<float> numbers = {};
    std::vector<int64_t> whole = {};
  };
  Value add(Made made);
  Value keep_constant(Made made);
  std::vector<bool> needed() const;

  std::vector<Made> values_;
  std::vector<std::pair<std::string, Value>> outputs_;
  std::unordered_multimap<size_t, int> constants_;   // by hash of their contents
};

}  // namespace ganymede::onnx_graph
