#include "engine/machine_memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace ganymede {
namespace {

namespace fs = std::filesystem;

// "NAME:   123 kB" of a file in /proc; 0 if it is not there.
int64_t kilobytes(const char* path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    int64_t value = 0;
    if (line.starts_with(name + ":") && std::istringstream(line.substr(name.size() + 1)) >> value) return value << 10;
  }
  return 0;
}

int64_t number_in(const fs::path& path) {
  int64_t value = 0;
  return std::ifstream(path) >> value ? value : -1;   // -1: "max", or no such file
}

// Page cache in the group is given up when memory is needed.
int64_t reclaimable(const fs::path& folder) {
  std::ifstream file(folder / "memory.stat");
  int64_t value = 0, sum = 0;
  for (std::string name; file >> name >> value;)
    if (name == "inactive_file" || name == "active_file") sum += value;
  return sum;
}

}  // namespace

int64_t left_by_cgroups(const std::string& membership, const std::string& mounted) {
  int64_t left = INT64_MAX;
  std::ifstream groups(membership);
  for (std::string line; std::getline(groups, line);) {
    const bool unified = line.starts_with("0::"), memory = line.find(":memory:") != line.npos;
    if (!unified && !memory) continue;
    const fs::path root = unified ? mounted : mounted + "/memory";
    const char* limit = unified ? "memory.max" : "memory.limit_in_bytes";
    const char* used = unified ? "memory.current" : "memory.usage_in_bytes";
    fs::path group = line.substr(line.rfind(':') + 1);
    for (;; group = group.parent_path()) {
      const fs::path folder = root / group.relative_path();
      const int64_t most = number_in(folder / limit), now = number_in(folder / used);
      if (most >= 0 && now >= 0 && most < INT64_MAX / 2) left = std::min(left, std::max<int64_t>(0, most - now + reclaimable(folder)));
      if (group.relative_path().empty()) break;
    }
  }
  return left;
}

FreeMemory free_memory() {
  FreeMemory least;
  const auto consider = [&](int64_t bytes, const char* limit) {
    if (bytes < least.bytes) least = {bytes, limit};
  };
  if (const int64_t available = kilobytes("/proc/meminfo", "MemAvailable"))
    consider(available + kilobytes("/proc/meminfo", "SwapFree"), "the machine");
  consider(left_by_cgroups("/proc/self/cgroup", "/sys/fs/cgroup"), "the limit of the container (cgroup)");
  rlimit space{};
  if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY && space.rlim_cur < uint64_t(INT64_MAX))
    consider(std::max<int64_t>(0, int64_t(space.rlim_cur) - kilobytes("/proc/self/status", "VmSize")), "the limit on address space (ulimit -v)");
  return least;
}

int64_t peak_resident_bytes() { return kilobytes("/proc/self/status", "VmHWM"); }
int64_t peak_address_space_bytes() { return kilobytes("/proc/self/status", "VmPeak"); }

std::string memory_text(int64_t bytes) {
  char text[48];
  const double mebibytes = double(bytes) / (1 << 20);
  if (mebibytes < 1024) std::snprintf(text, sizeof text, "%.1f MiB", mebibytes);
  else std::snprintf(text, sizeof text, "%.2f GiB", mebibytes / 1024);
  return text;
}

}  // namespace ganymede
