// How the simulator runs kernels; for tests and tools. Kernels themselves never look at it.
#pragma once
#include <cstdint>

namespace ganymede::kernels::sim {

// In which order the threads of a block, and the blocks of a grid, run between two barriers. A correct kernel
// gives equal bits in all of them.
enum class Order : uint8_t { forward, reverse, random };

struct Settings {
  Order order = Order::forward;
  uint64_t seed = 1;   // of Order::random
  int workers = 0;     // operating-system threads; 0: one a core, 16 at most
  int capability = 80;  // of the card that is simulated: kernels for sm_90a are chosen with 90
};

// The settings in force: the last configure(), else GANYMEDE_SIM_ORDER (forward, reverse, random or
// random:SEED), GANYMEDE_SIM_THREADS and GANYMEDE_SIM_CAPABILITY (80 or 90) of the environment, else the defaults.
// Throws std::runtime_error on a malformed variable.
Settings settings();

// For launches that begin afterwards, on every thread.
void configure(const Settings& settings);

// Launches of all threads so far, for tests that count them.
uint64_t launch_count();

}  // namespace ganymede::kernels::sim
