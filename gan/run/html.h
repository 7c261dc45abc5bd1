#pragma once

#include <string>
#include <string_view>

namespace ganymede::run {

// Text that is safe in an element and in a quoted attribute, whatever it holds; bytes that are not UTF-8
// become U+FFFD.
std::string escape_html(std::string_view text);

std::string base64(std::string_view bytes);

}  // namespace ganymede::run
