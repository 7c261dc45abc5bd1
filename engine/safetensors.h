// The safetensors format: an 8-byte little-endian length, a JSON header, then the bytes of the tensors
// without gaps. Files may come from anywhere, so the reader trusts nothing: every size is checked before
// memory is touched.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernels/api/types.h"

namespace ganymede {

// Bytes with a meaning. Does not own them.
struct RawTensor {
  kernels::DType dtype = kernels::DType::f32;
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;  // little-endian, first axis slowest; may be unaligned in a foreign file
  size_t bytes = 0;                 // product of shape times the element's size
};

// A file in memory. Copies share the bytes, which live as long as one of them.
class SafetensorsFile {
 public:
  // Reads the whole file. F16 tensors are widened to f32; every other dtype that the engine lacks is an
  // error. Throws Error with the path, and the tensor where there is one, if the file cannot be read or
  // breaks the format.
  static SafetensorsFile read(const std::string& path);

  const std::string& path() const { return path_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::vector<std::string>& names() const { return names_; }  // in the order of the header
  bool contains(const std::string& name) const { return tensors_.count(name) != 0; }

  // Throws Error that lists similar names if there is none called `name`.
  const RawTensor& at(const std::string& name) const;

 private:
  std::string path_;
  std::map<std::string, std::string> metadata_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, RawTensor> tensors_;
  std::vector<std::shared_ptr<const std::byte[]>> buffers_;
};

// Writes a file that appears whole or not at all: temporary file in the same folder, flushed, renamed over
// `path`. Equal arguments give equal bytes. The header keeps the order of `tensors`; data is placed largest
// element first, so that every tensor is aligned to its element in the file. Throws Error on a name that is
// empty, repeated, not UTF-8 or
// "__metadata__", on bytes that do not fit the shape, and on anything that the system refuses.
void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<std::pair<std::string, RawTensor>>& tensors);

}  // namespace ganymede
