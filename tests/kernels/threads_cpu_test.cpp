#include "kernels/cpu/threads.h"

#include <gtest/gtest.h>
#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>

namespace ganymede::kernels::cpu {
namespace {

// The cores of those threads of this process, the calling one apart, that may run on one core only.
std::multiset<int> bound_cores() {
  std::multiset<int> cores;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    const int thread = std::stoi(entry.path().filename());
    cpu_set_t set;
    if (thread == gettid() || sched_getaffinity(thread, sizeof set, &set) != 0 || CPU_COUNT(&set) != 1)
      continue;
    for (int core = 0; core < CPU_SETSIZE; ++core)
      if (CPU_ISSET(core, &set)) cores.insert(core);
  }
  return cores;
}

TEST(ThreadsCpu, WorkersHaveCoresOfTheirOwn) {
  cpu_set_t before, after;
  sched_getaffinity(0, sizeof before, &before);
  use_threads(0);
  sched_getaffinity(0, sizeof after, &after);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));  // the calling thread stays free
  EXPECT_EQ(omp_get_max_threads(), CPU_COUNT(&before));
  const std::multiset<int> cores = bound_cores();
  EXPECT_EQ(static_cast<int>(cores.size()), CPU_COUNT(&before) - 1);
  EXPECT_EQ(std::set<int>(cores.begin(), cores.end()).size(), cores.size());
  for (int core : cores) EXPECT_TRUE(CPU_ISSET(core, &before));
}

TEST(ThreadsCpu, NumberIsTheOneAskedFor) {
  use_threads(1);
  EXPECT_EQ(omp_get_max_threads(), 1);
  use_threads(3);
  EXPECT_EQ(omp_get_max_threads(), 3);
  use_threads(0);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
