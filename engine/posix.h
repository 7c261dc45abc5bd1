// Files by the system's calls; errors name the path and the reason.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ganymede {

// Throws Error "PATH: WHAT: REASON", the reason in the system's words for `error`.
[[noreturn]] void fail_with(const std::filesystem::path& path, std::string_view what, int error);
// The same for the present value of errno.
[[noreturn]] void fail_with_errno(const std::filesystem::path& path, std::string_view what);

// Writes all of `bytes`, however many calls that takes; false, with errno set, when the system refuses.
bool write_all(int file, std::string_view bytes);

// A whole file; throws Error when it cannot be read.
std::string read_file(const std::filesystem::path& path);

}  // namespace ganymede
