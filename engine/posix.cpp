#include "engine/posix.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "engine/check.h"

namespace ganymede {

void fail_with(const std::filesystem::path& path, std::string_view what, int error) {
  throw Error(path.string() + ": " + std::string(what) + ": " + std::generic_category().message(error));
}

void fail_with_errno(const std::filesystem::path& path, std::string_view what) {
  fail_with(path, what, errno);
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string read_file(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail_with_errno(path, "cannot read");
  std::string bytes;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = read(file, buffer, sizeof buffer);
    if (count > 0) bytes.append(buffer, static_cast<std::size_t>(count));
    if (count == 0) break;
    if (count < 0 && errno != EINTR) {
      const int error = errno;
      close(file);
      fail_with(path, "cannot read", error);
    }
  }
  close(file);
  return bytes;
}

}  // namespace ganymede
