#include "engine/safetensors_header.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "engine/check.h"

namespace ganymede::safetensors {
namespace {

using kernels::DType;

struct TypeInfo {
  const char* name;
  size_t bytes;
  DType dtype;
};
constexpr std::array<TypeInfo, 7> kTypes{{{"F32", 4, DType::f32},
                                          {"BF16", 2, DType::bf16},
                                          {"F64", 8, DType::f64},
                                          {"I32", 4, DType::i32},
                                          {"I64", 8, DType::i64},
                                          {"U8", 1, DType::u8},
                                          {"F16", 2, DType::f32}}};

const TypeInfo& info(Type type) { return kTypes[static_cast<size_t>(type)]; }

std::string list(const std::vector<int64_t>& shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) out += (i ? ", " : "") + std::to_string(shape[i]);
  return out + "]";
}

// Takes the events of the JSON reader and admits nothing but the schema, so that no tree is ever built:
// nesting, size and repeated names of a hostile header cost nothing.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  Header take() { return std::move(header_); }

  bool start_object(size_t) override {
    if (depth_ == 2) misplaced("an object");
    if (depth_ == 1) open_entry();
    ++depth_;
    return true;
  }

  bool end_object() override {
    if (--depth_ == 1 && !in_metadata_) close_entry();
    return true;
  }

  bool key(std::string& text) override {
    key_ = text;
    if (depth_ == 1) {
      require(names_.insert(text).second, where(), "appears twice");
    } else {
      require(keys_.insert(text).second, where(), quote(text), " appears twice");
      require(in_metadata_ || text == "dtype" || text == "shape" || text == "data_offsets", where(),
              "unknown key ", quote(text), " (expected dtype, shape, data_offsets)");
    }
    return true;
  }

  bool start_array(size_t) override {
    if (depth_ != 2 || in_metadata_ || in_array_ || key_ == "dtype") misplaced("an array");
    in_array_ = true;
    return true;
  }

  bool end_array() override {
    in_array_ = false;
    return true;
  }

  bool string(std::string& text) override {
    if (depth_ == 2 && in_metadata_) {
      header_.metadata[key_] = text;
    } else if (depth_ == 2 && key_ == "dtype") {
      const auto found =
          std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeInfo& t) { return text == t.name; });
      require(found != kTypes.end(), where(), "dtype ", quote(text),
              " is not one of F32, BF16, F64, F16, I32, I64, U8");
      entry().type = static_cast<Type>(found - kTypes.begin());
    } else {
      misplaced("a string");
    }
    return true;
  }

  bool number_unsigned(uint64_t value) override {
    if (!in_array_) misplaced("a number");
    if (key_ == "data_offsets") {
      require(offsets_.size() < 2, where(), "data_offsets has more than 2 numbers");
      offsets_.push_back(value);
    } else {
      require(value <= INT64_MAX, where(), "shape has a dimension of ", value);
      require(entry().shape.size() < kMaxAxes, where(), "shape has more than ", kMaxAxes, " dimensions");
      entry().shape.push_back(static_cast<int64_t>(value));
    }
    return true;
  }

  bool number_integer(int64_t value) override {
    if (!in_array_) misplaced("a number");
    fail(where(), key_, " has ", value, " (expected 0 or more)");
  }

  bool number_float(double, const std::string& text) override {
    fail(where(), "the number ", text, " is not an integer of 64 bits");
  }
  bool null() override { misplaced("null"); }
  bool boolean(bool) override { misplaced("a boolean"); }
  bool binary(nlohmann::json::binary_t&) override { misplaced("binary data"); }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail("the header is not JSON from byte ", position, " on");
  }

 private:
  Entry& entry() { return header_.entries.back(); }

  std::string where() const {
    if (depth_ == 0) return "the header: ";
    if (depth_ == 1) return "tensor " + quote(key_) + ": ";
    return in_metadata_ ? "__metadata__: " : "tensor " + quote(header_.entries.back().name) + ": ";
  }

  [[noreturn]] void misplaced(const char* what) {
    if (depth_ < 2) fail(where(), "found ", what, " (expected an object)");
    fail(where(), quote(key_), in_array_ ? " holds " : " is ", what);
  }

  void open_entry() {
    in_metadata_ = key_ == "__metadata__";
    keys_.clear();
    offsets_.clear();
    if (!in_metadata_) header_.entries.emplace_back().name = key_;
  }

  void close_entry() {
    for (const char* needed : {"dtype", "shape", "data_offsets"}) {
      require(keys_.count(needed) != 0, "tensor ", quote(entry().name), ": ", needed, " is missing");
    }
    require(offsets_.size() == 2, "tensor ", quote(entry().name), ": data_offsets has ", offsets_.size(),
            " numbers (expected 2)");
    entry().begin = offsets_[0];
    entry().end = offsets_[1];
  }

  Header header_;
  int depth_ = 0;
  bool in_metadata_ = false, in_array_ = false;
  std::string key_;
  std::unordered_set<std::string> names_, keys_;
  std::vector<uint64_t> offsets_;
};

void check_entry(const Entry& e, uint64_t data_bytes) {
  const std::string where = text("tensor ", quote(e.name), ": data_offsets [", e.begin, ", ", e.end, "] ");
  require(e.begin <= e.end, where, "run backwards");
  require(e.end <= data_bytes, where, "reach beyond the ", data_bytes,
          " bytes of data in the file (cut short?)");
  const uint64_t needed = tensor_bytes(e.name, e.shape, e.type);
  require(e.end - e.begin == needed, where, "span ", e.end - e.begin, " bytes, but ", info(e.type).name, " ",
          list(e.shape), " takes ", needed);
}

// The format forbids overlaps (two names for the same bytes) and holes (a place to hide data).
void check_tiling(const std::vector<Entry>& entries, uint64_t data_bytes) {
  std::vector<const Entry*> order;
  for (const Entry& e : entries) order.push_back(&e);
  std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  uint64_t covered = 0;
  const Entry* last = nullptr;
  for (const Entry* e : order) {
    if (e->begin < covered) fail("tensors ", quote(last->name), " and ", quote(e->name), " overlap");
    if (e->begin > covered) {
      fail("tensor ", quote(e->name), ": ", e->begin - covered, " bytes before it belong to no tensor");
    }
    covered = e->end;
    last = e;
  }
  require(covered == data_bytes, data_bytes - covered, " bytes at the end belong to no tensor");
}

}  // namespace

const char* type_name(Type type) { return info(type).name; }
size_t type_bytes(Type type) { return info(type).bytes; }
kernels::DType dtype_of(Type type) { return info(type).dtype; }

// f16 comes last in the table, so that the search finds f32 first.
Type type_of(kernels::DType dtype) {
  const auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeInfo& t) { return t.dtype == dtype; });
  return static_cast<Type>(found - kTypes.begin());
}

Header parse_header(std::string_view json, uint64_t data_bytes) {
  HeaderReader reader;
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  Header header = reader.take();
  for (const Entry& e : header.entries) check_entry(e, data_bytes);
  check_tiling(header.entries, data_bytes);
  return header;
}

uint64_t tensor_bytes(const std::string& name, const std::vector<int64_t>& shape, Type type) {
  // Zeros are left out of the overflow check's product, so that [2^62, 2^62, 0] is refused as well.
  int64_t product = static_cast<int64_t>(info(type).bytes);
  bool fits = true, empty = false;
  for (const int64_t size : shape) {
    if (size == 0) {
      empty = true;
    } else {
      fits = fits && size > 0 && !__builtin_mul_overflow(product, size, &product);
    }
  }
  require(fits, "tensor ", quote(name), ": no memory can hold ", info(type).name, " ", list(shape));
  return empty ? 0 : static_cast<uint64_t>(product);
}

std::string quote(std::string_view text) {
  constexpr size_t kLongest = 80;
  const nlohmann::json start = text.substr(0, kLongest);
  return start.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
         (text.size() > kLongest ? "..." : "");
}

}  // namespace ganymede::safetensors
