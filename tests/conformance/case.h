// A conformance case: one safetensors file with the inputs of an operation and what a trusted reference says
// of it.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace ganymede::conformance {

// An operation, attribute or value that the engine lacks: reported as such, never passed over.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Host values of a tensor of the file.
struct Array {
  std::vector<int64_t> shape;
  bool integer = false;
  std::vector<double> values;     // of a floating dtype
  std::vector<int64_t> integers;  // of an integer dtype

  int64_t count() const;
  double norm() const;
};

// Pictures [N, C, H, W] and convolution weights become channels-last, as do per-element parameters [C, H, W];
// arrays of other ranks stay. And back.
Array channels_last(const Array& x);
Array channels_first(const Array& x);

// The attributes of a case. Whoever reads one marks it; unread() names those that nobody knew.
class Attributes {
 public:
  explicit Attributes(nlohmann::json values = nlohmann::json::object()) : values_(std::move(values)) {}

  bool has(const std::string& name) const { return values_.contains(name) && !values_.at(name).is_null(); }
  double number(const std::string& name, double otherwise) const;
  int64_t integer(const std::string& name, int64_t otherwise) const;
  bool flag(const std::string& name, bool otherwise) const;
  std::string word(const std::string& name, const std::string& otherwise) const;
  std::vector<int64_t> list(const std::string& name) const;  // must be there
  // [h, w] from a pair or one integer for both.
  std::array<int, 2> pair(const std::string& name, std::optional<std::array<int, 2>> otherwise) const;
  std::vector<Attributes> objects(const std::string& name) const;
  std::vector<std::string> unread() const;

 private:
  const nlohmann::json* find(const std::string& name) const;
  nlohmann::json values_;
  mutable std::set<std::string> read_;
};

struct Case {
  std::string name, op;
  Attributes attributes;
  std::vector<std::optional<Array>> inputs;  // in.i; empty where an optional input is absent
  std::map<std::string, Array> others;       // out.k, cot.k, grad.i, cot2.i, grad2.i, grad2.cot.k

  const Array* find(const std::string& key) const;
};

// Throws Error with the file's path when it is damaged or no case.
Case read_case(const std::string& path);

}  // namespace ganymede::conformance
