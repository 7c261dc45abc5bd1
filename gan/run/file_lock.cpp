#include "gan/run/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "engine/check.h"
#include "engine/posix.h"

namespace ganymede::run {
namespace {

// Written just after the lock is taken, so it may take a moment to be there; where the disk is full it never is.
std::string owner(int file) {
  for (int i = 0; i < 20; ++i) {
    char text[32] = {};
    const ssize_t size = pread(file, text, sizeof text - 1, 0);
    const long id = size > 0 ? std::strtol(text, nullptr, 10) : 0;
    if (id > 0) return " (process " + std::to_string(id) + ")";
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return "";
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / ".lock";
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) fail_with_errno(path, "cannot write");
  if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::string holder = owner(file_);
    close(std::exchange(file_, -1));
    if (error != EWOULDBLOCK) fail_with(path, "cannot lock", error);
    throw Error(folder.string() + ": another trainer" + holder +
                " is writing to this run; stop it first, or choose another folder");
  }
  // The id is only for that message, so a disk too full to hold it is no failure.
  [[maybe_unused]] const bool named =
      ftruncate(file_, 0) == 0 && write_all(file_, std::to_string(getpid()) + "\n");
}

FileLock::~FileLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace ganymede::run
