// How much memory this process can still have.
#pragma once
#include <cstdint>
#include <string>

namespace ganymede {

struct FreeMemory {
  int64_t bytes = INT64_MAX;
  std::string limit;   // what sets it: "the machine", "the limit of the container (cgroup)", "the limit on address space (ulimit -v)"
};

// The least of what the machine has free (with swap), what the process's cgroups leave it, and its limit on address space.
// INT64_MAX where nothing is known.
FreeMemory free_memory();

// What the control group of a process and every group above it leave of their limits, with the page cache that they could
// drop; INT64_MAX without limits. membership: a file as /proc/self/cgroup; mounted: where the hierarchies (version 2, or 1 with
// a folder "memory") are.
int64_t left_by_cgroups(const std::string& membership, const std::string& mounted);

// The most memory and address space that the process has had, bytes; 0 if unknown.
int64_t peak_resident_bytes();
int64_t peak_address_space_bytes();

// "3.4 MiB", "1.25 GiB".
std::string memory_text(int64_t bytes);

}  // namespace ganymede
