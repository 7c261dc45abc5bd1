// What the fuzz targets have in common. A target gives its bytes to one reader, as a file of the world would; whatever they
// are, the reader must return or throw an Error of one line. libFuzzer, AddressSanitizer and UBSan watch the rest.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/check.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace ganymede::fuzz {

// True if `read` returned, false if it refused. Any other exception, or a message that is not one line, ends the program.
template <class Read>
bool accepted(Read read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    const std::string_view what = error.what();
    if (what.empty() || what.find('\n') != what.npos) {
      std::fprintf(stderr, "not one line: %s\n", error.what());
      std::abort();
    }
    return false;
  }
}

inline void demand(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

inline std::string_view text_of(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

// A file in memory, for readers that take a path.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("fuzz", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(file_)) {
    demand(file_ >= 0, "memfd_create");
  }
  const std::string& holding(std::string_view bytes) {
    demand(ftruncate(file_, 0) == 0 && pwrite(file_, bytes.data(), bytes.size(), 0) == ssize_t(bytes.size()), "a file in memory");
    return path_;
  }

 private:
  int file_;
  std::string path_;
};

// Parts of the bytes between lines "==".
inline std::vector<std::string> parts_of(std::string_view bytes, size_t count) {
  std::vector<std::string> parts;
  while (parts.size() + 1 < count) {
    const size_t end = bytes.find("\n==\n");
    parts.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 4);
  }
  parts.emplace_back(bytes);
  return parts;
}

}  // namespace ganymede::fuzz
