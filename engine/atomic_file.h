// Writing files that are there whole or not at all.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

namespace ganymede {

// A file that appears whole or not at all, whatever kills the process: bytes go to a hidden temporary file
// in the same folder, and commit() flushes it to the disk and renames it over `path`. Without commit() the
// temporary file is removed and an older file at `path` stays as it was.
//
// Every failure (full disk, missing or read-only folder, ...) throws Error with the path and the system's
// reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);

  // Where the bytes are until commit(); for writers that take a path instead of bytes.
  const std::filesystem::path& temporary() const { return temporary_; }

  // After this the file at `path` is complete and survives a power cut.
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int file_ = -1;
};

void write_atomically(const std::filesystem::path& path, std::string_view bytes);
void write_atomically(const std::filesystem::path& path, const std::function<void(AtomicFile&)>& fill);

// Removes the temporary files that a killed process left in `folder`.
void remove_temporary_files(const std::filesystem::path& folder);

}  // namespace ganymede
