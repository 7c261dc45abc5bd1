#include "engine/check.h"

namespace ganymede {

std::string one_line(const std::string& message) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string line;
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) line += c;
    else if (c == '\n') line += "\\n";
    else if (c == '\t') line += "\\t";
    else line += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return line;
}

}  // namespace ganymede
