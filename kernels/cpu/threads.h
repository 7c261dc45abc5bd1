// How the threads of the cpu loops and of oneDNN wait and where they run. Measured with two threads on two
// cores, parallel regions of 0.5 ms: as libgomp starts, the scheduler often leaves both threads on one core
// (1.0 ms a region), and a thread that spins on a core where another program runs costs its whole time slice
// (11 to 22 ms a region on average).
#pragma once

namespace ganymede::kernels::cpu {

// Starts the program afresh with GOMP_SPINCOUNT set to about 0.1 ms, unless the environment already says how
// threads wait: libgomp reads it before main. Call first in main; returns in the process that has the
// setting.
void restart_with_short_spin(char* const* argv);

// Sets the number of threads (0: one for each core that the process may use) and gives each thread but the
// calling one a core of its own as long as there are enough. The calling thread stays free, for threads that
// it starts inherit its cores.
void use_threads(int count);

}  // namespace ganymede::kernels::cpu
