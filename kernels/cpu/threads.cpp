#include "kernels/cpu/threads.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace ganymede::kernels::cpu {

void restart_with_short_spin(char* const* argv) {
  if (argv[0]) prctl(PR_SET_NAME, basename(argv[0]));   // which a restart through /proc has changed
  if (std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY")) return;
  setenv("GOMP_SPINCOUNT", "2000", 1);
  execv("/proc/self/exe",
        argv);  // returns only where that is forbidden; then the program runs with long spins
}

void use_threads(int count) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) CPU_SET(0, &allowed);
  const int cores = CPU_COUNT(&allowed);
  omp_set_num_threads(count > 0 ? count : cores);
  if (omp_get_max_threads() > cores || std::getenv("OMP_PROC_BIND") || std::getenv("GOMP_CPU_AFFINITY"))
    return;
#pragma omp parallel
  {
    int rank = omp_get_thread_num();
    if (rank > 0) {
      int core = 0;
      while (!CPU_ISSET(core, &allowed) || rank-- > 0) ++core;
      cpu_set_t own;
      CPU_ZERO(&own);
      CPU_SET(core, &own);
      pthread_setaffinity_np(pthread_self(), sizeof own, &own);
    }
  }
}

}  // namespace ganymede::kernels::cpu
