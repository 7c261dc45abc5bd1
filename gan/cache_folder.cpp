#include "gan/cache_folder.h"

#include <cstdlib>

namespace ganymede {

std::string cache_folder() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return value && *value ? std::string(value) : std::string();
  };
  if (const auto folder = set("GANYMEDE_CACHE"); !folder.empty()) return folder;
  if (const auto folder = set("XDG_CACHE_HOME"); !folder.empty()) return folder + "/ganymede";
  if (const auto folder = set("HOME"); !folder.empty()) return folder + "/.cache/ganymede";
  return "";
}

}  // namespace ganymede
