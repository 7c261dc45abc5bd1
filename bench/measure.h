// What the benchmarks of kernels share: operands on the device under test, medians, and the registry of cases.
#pragma once
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/device.h"

namespace ganymede::bench {

// The device under test; set once, before cases are registered.
const Device& device();
void use_device(const Device& device);
const kernels::Kernels& table();
kernels::Stream stream();

// The unit that bounds a case's arithmetic.
enum class Rate { f32, tf32, bf16 };
const char* rate_name(Rate rate);

// What a case computes, whoever computes it: "conv2d/forward/A3/bf16". bytes: every operand moved once.
struct Problem {
  std::string name;
  double flops, bytes;
  Rate rate;
};

// Several sets of operands, so that a call does not find its inputs in the caches because the last call was the same:
// together at least twice the cache, 2 to 16 sets.
int sets_for(double bytes_of_a_set);

// A buffer on the device, a copy for each set. f32 and bf16: reproducible normal numbers; u8: a workspace, whose contents are
// undefined; others: 0. Cheap at any size: the host writes some hundred kilobytes, the device repeats them.
class Operand {
 public:
  Operand(int64_t count, kernels::DType dtype, int sets);
  ~Operand();
  Operand(const Operand&) = delete;
  void* operator[](int set) const { return data_ + size_t(set) * stride_; }

 private:
  size_t stride_;
  unsigned char* data_;
};

// The case is not offered by this implementation; the benchmark says so and goes on.
struct NotOffered : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One implementation made ready: call(set) does the work on a set's operands; label: which algorithm it is.
struct Prepared {
  std::function<void(int set)> call;
  int sets = 1;
  std::string label = {};
};
using Prepare = std::function<Prepared()>;

// Registers "problem.name/who" with Google Benchmark. prepare is called when its turn comes and may throw NotOffered.
void add_case(const Problem& problem, const std::string& who, Prepare prepare);

// Median seconds of a call after warm-up. Where the device has graphs: of replays of a graph of many calls, so that
// launching costs nothing, as in training.
double median_seconds(const Prepared& prepared);

// What the device reaches at best, measured when first asked for: bytes per second of a large copy, the best of the runtime's and
// two of our kernels', and multiply-adds times two per second of the largest products that any implementation here offers.
struct Ceilings {
  double bandwidth = 0, rate[3] = {};
};
const Ceilings& ceilings();
// The large square product for ceilings, and the peers' speed on it; 0 where a peer does not offer the rate.
int product_size(Rate rate);
double peer_product_rate(Rate rate);

// A file's cases each.
void add_convolutions();
void add_products();
void add_norms();
void add_pictures();   // resampling, grid sampling, attention
void add_parameters(); // optimisers, spectral norm

}  // namespace ganymede::bench
