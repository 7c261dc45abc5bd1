#pragma once

#include <filesystem>
#include <utility>

namespace ganymede::run {

// Makes the holder the only one who writes to `folder`. The lock ends with the object and, whatever kills
// it, with the process; its file, FOLDER/.lock, stays and holds the owner's process id. Throws Error when it
// is taken.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& folder);
  FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FileLock();

 private:
  int file_ = -1;
};

}  // namespace ganymede::run
