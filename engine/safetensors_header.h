// The JSON header of a safetensors file, parsed without trust. Only for safetensors.cpp and its tests,
// but for quote().
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/api/types.h"

namespace ganymede::safetensors {

// The header is text for tens of thousands of tensors at most; the limit is that of the format's reference
// code.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kMaxAxes = 32;

enum class Type : uint8_t { f32, bf16, f64, i32, i64, u8, f16 };

const char* type_name(Type type);  // as in the file: "F32"
size_t type_bytes(Type type);
Type type_of(kernels::DType dtype);
kernels::DType dtype_of(Type type);  // f16 is widened: f32

struct Entry {
  std::string name;
  Type type = Type::f32;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  // bytes from the start of the data
};

struct Header {
  std::map<std::string, std::string> metadata;
  std::vector<Entry> entries;  // in the order of the file
};

// Parses `json` and checks that the entries tile exactly `data_bytes` bytes. Throws Error; its text names the
// tensor, the caller adds the file.
Header parse_header(std::string_view json, uint64_t data_bytes);

// Product of shape times the element's size. Throws Error, naming `name`, if a dimension is negative or 63
// bits do not hold the product.
uint64_t tensor_bytes(const std::string& name, const std::vector<int64_t>& shape, Type type);

// `text` in quotes, on one line and shortened: what comes from a file may hold anything.
std::string quote(std::string_view text);

}  // namespace ganymede::safetensors
