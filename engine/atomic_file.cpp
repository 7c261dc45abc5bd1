#include "engine/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "engine/posix.h"

namespace ganymede {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSuffix = ".tmp";

// The process id keeps a trainer and a report that writes beside it apart; the leading dot hides the file
// from listings.
fs::path temporary_name(const fs::path& path) {
  const std::string name = "." + path.filename().string() + "." + std::to_string(getpid());
  return path.parent_path() / (name + std::string(kSuffix));
}

// File systems that know nothing to flush (folders on some of them) answer EINVAL.
void sync(const fs::path& path, int flags) {
  const int file = open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) fail_with_errno(path, "cannot open to flush it to the disk");
  const int error = fsync(file) != 0 ? errno : 0;
  close(file);
  if (error != 0 && error != EINVAL) fail_with(path, "cannot flush to the disk", error);
}

}  // namespace

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)), temporary_(temporary_name(path_)) {
  file_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0) fail_with_errno(path_, "cannot write");
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) close(file_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  if (!write_all(file_, bytes)) fail_with_errno(path_, "cannot write");
}

void AtomicFile::commit() {
  // Some file systems (NFS, quotas) tell of a full disk only on close.
  if (close(std::exchange(file_, -1)) != 0) fail_with_errno(path_, "cannot write");
  // Opened anew: a writer that was given temporary() may have put another file there.
  sync(temporary_, O_RDONLY);
  if (rename(temporary_.c_str(), path_.c_str()) != 0)
    fail_with_errno(path_, "cannot rename the finished file");
  temporary_.clear();
  // The new name is on the disk only when the folder is.
  sync(path_.has_parent_path() ? path_.parent_path() : fs::path("."), O_RDONLY | O_DIRECTORY);
}

void write_atomically(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_atomically(const fs::path& path, const std::function<void(AtomicFile&)>& fill) {
  AtomicFile file(path);
  fill(file);
  file.commit();
}

void remove_temporary_files(const fs::path& folder) {
  std::error_code ignored;  // What cannot be listed or removed does no harm.
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') && name.ends_with(kSuffix)) fs::remove(entry.path(), ignored);
  }
}

}  // namespace ganymede
