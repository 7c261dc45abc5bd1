// Errors: one line that says what is wrong, where, both values, and what would be right.
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace ganymede {

// A message quotes what files hold; whatever that is, it stays one line that a terminal can show: control characters come as \n, \t, \x1b.
std::string one_line(const std::string& message);

struct Error : std::runtime_error {
  explicit Error(const std::string& message) : std::runtime_error(one_line(message)) {}
};

// Wrong use of the program (an unknown option, model or setting): the program exits with 2 instead of 1.
struct UsageError : Error {
  using Error::Error;
};

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

template <class... Parts>
[[noreturn, gnu::noinline, gnu::cold]] void fail(const Parts&... parts) {
  throw Error(text(parts...));
}

// Throws Error with the parts written one after another unless the condition holds.
template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) [[unlikely]] fail(parts...);
}

}  // namespace ganymede
