#include "bench/measure.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>

#include "kernels/api/kernels.h"

namespace ganymede::bench {
namespace {

using Clock = std::chrono::steady_clock;

Device chosen;
const Clock::time_point program_begin = Clock::now();

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// GANYMEDE_BENCH_SECONDS: no benchmark begins after so many.
bool out_of_time() {
  static const char* limit = std::getenv("GANYMEDE_BENCH_SECONDS");
  return limit && since(program_begin) > std::atof(limit);
}

double median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + std::ptrdiff_t(times.size() / 2), times.end());
  return times[times.size() / 2];
}

double timed(const std::function<void()>& f) {
  const auto begin = Clock::now();
  f();
  table().device.synchronize();
  return since(begin);
}

double median_of_calls(const Prepared& p) {
  std::vector<double> times;
  const auto begin = Clock::now();
  int set = 0;
  while (times.size() < 5 || (times.size() < 200 && since(begin) < 0.2)) {
    times.push_back(timed([&] { p.call(set); }));
    set = (set + 1) % p.sets;
  }
  return median(times);
}

// Null where the calls cannot be captured.
void* capture(const Prepared& p, int calls) {
  const auto& d = table().device;
  d.begin_capture(stream());
  try {
    for (int i = 0; i < calls; ++i) p.call(i % p.sets);
    return d.end_capture(stream());
  } catch (const std::exception&) {
    try {
      d.destroy_graph(d.end_capture(stream()));
    } catch (const std::exception&) {
    }
    return nullptr;
  }
}

void run(benchmark::State& state, const Problem& problem, const Prepare& prepare) {
  if (out_of_time()) return state.SkipWithError("no time left");
  try {
    const Prepared prepared = prepare();
    const double seconds = median_seconds(prepared);
    for (auto _ : state) state.SetIterationTime(seconds);
    const Ceilings& best = ceilings();
    const double floor = std::max(problem.bytes / best.bandwidth, problem.flops / best.rate[int(problem.rate)]);
    state.counters["flops"] = problem.flops;
    state.counters["bytes"] = problem.bytes;
    state.counters["floor_us"] = floor * 1e6;
    state.counters["of_floor"] = floor / seconds;
    state.SetLabel(prepared.label);
  } catch (const NotOffered& e) {
    state.SkipWithError(e.what());
  } catch (const std::exception& e) {
    state.SkipWithError(e.what());
  }
}

}  // namespace

const Device& device() { return chosen; }
const kernels::Kernels& table() { return kernels_of(chosen); }
kernels::Stream stream() { return table().device.stream(); }

void use_device(const Device& d) {
  chosen = d;
  table().device.select(d.index);
}

const char* rate_name(Rate rate) {
  switch (rate) {
    case Rate::f32: return "f32";
    case Rate::tf32: return "tf32";
    case Rate::bf16: return "bf16";
  }
  return "?";
}

int sets_for(double bytes) {
  const double cache = chosen.type == DeviceType::cuda ? 64e6 : 32e6;
  return int(std::clamp(2 * cache / std::max(bytes, 1.0), 2.0, chosen.type == DeviceType::cuda ? 16.0 : 4.0));
}

namespace {

// One period of normal numbers, as bytes of the type. Longer operands repeat it: drawing hundreds of millions of numbers, or even
// writing them from the host, would take longer than the measurement. 8191 is prime, so that no rows of a power of two are alike.
constexpr size_t kPeriod = 8 * 8191;

const std::vector<unsigned char>& period_of(kernels::DType dtype) {
  static const std::vector<float> noise = [] {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal;
    std::vector<float> all(kPeriod);
    for (float& x : all) x = normal(generator);
    return all;
  }();
  const auto upper_halves = [] {
    std::vector<unsigned char> bytes(kPeriod * 2);
    for (size_t i = 0; i < kPeriod; ++i) {
      uint32_t bits;
      std::memcpy(&bits, &noise[i], 4);
      const uint16_t half = uint16_t(bits >> 16);
      std::memcpy(&bytes[i * 2], &half, 2);
    }
    return bytes;
  };
  const auto* floats = reinterpret_cast<const unsigned char*>(noise.data());
  static const std::vector<unsigned char> f32(floats, floats + kPeriod * 4), bf16 = upper_halves();
  return dtype == kernels::DType::bf16 ? bf16 : f32;
}

}  // namespace

Operand::Operand(int64_t count, kernels::DType dtype, int sets) : stride_((size_t(count) * dtype_bytes(dtype) + 255) / 256 * 256) {
  const auto& d = table().device;
  const size_t bytes = size_t(count) * dtype_bytes(dtype);
  data_ = static_cast<unsigned char*>(d.allocate(stride_ * size_t(sets)));
  if (bytes == 0 || dtype == kernels::DType::u8) return;
  if (dtype == kernels::DType::f32 || dtype == kernels::DType::bf16) {
    // The device doubles what is there; it stays whole periods until the end.
    const auto& period = period_of(dtype);
    size_t filled = std::min(bytes, period.size());
    d.upload(stream(), data_, period.data(), filled);
    for (size_t more; filled < bytes; filled += more) more = std::min(filled, bytes - filled), d.copy(stream(), data_ + filled, data_, more);
  } else {
    d.fill_bytes(stream(), data_, 0, bytes);
  }
  for (int set = 1; set < sets; ++set) d.copy(stream(), (*this)[set], data_, bytes);
  d.synchronize();
}

Operand::~Operand() { table().device.release(data_); }

double median_seconds(const Prepared& p) {
  for (int warm = 0; warm < 2; ++warm)  // the cpu keeps the packed form of a weight from its second use on
    for (int set = 0; set < p.sets; ++set) p.call(set);
  table().device.synchronize();
  const auto& d = table().device;
  if (!d.begin_capture) return median_of_calls(p);
  double about = timed([&] { p.call(0); });
  if (about < 5e-4)  // waiting is much of it
    about = timed([&] {
              for (int i = 0; i < 4; ++i) p.call(i % p.sets);
            }) / 4;
  const int rounds = std::clamp(int(2e-3 / (about * p.sets)), 1, std::max(1, 256 / p.sets)), calls = rounds * p.sets;
  void* graph = capture(p, calls);
  if (!graph) return median_of_calls(p);
  d.launch_graph(stream(), graph);
  d.synchronize();
  std::vector<double> times;
  const auto begin = Clock::now();
  while (times.size() < 5 || (times.size() < 11 && since(begin) < 0.03)) times.push_back(timed([&] { d.launch_graph(stream(), graph); }) / calls);
  d.destroy_graph(graph);
  return median(times);
}

void add_case(const Problem& problem, const std::string& who, Prepare prepare) {
  benchmark::RegisterBenchmark((problem.name + "/" + who).c_str(),
                               [problem, prepare = std::move(prepare)](benchmark::State& state) { run(state, problem, prepare); })
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
}

int product_size(Rate rate) { return device().type != DeviceType::cuda ? 512 : rate == Rate::f32 ? 4096 : 8192; }

const Ceilings& ceilings() {
  static const Ceilings found = [] {
    Ceilings c;
    const auto& k = table();
    const int64_t count = device().type == DeviceType::cuda ? int64_t{1} << 27 : int64_t{1} << 24;
    const size_t bytes = size_t(count) * 4;
    {
      const Operand from(count, kernels::DType::f32, 1), to(count, kernels::DType::f32, 1);
      const kernels::ElementwiseKernels::Strided row{1, {count}, {1}, {1}};
      const std::function<void(int)> copies[] = {[&](int) { k.device.copy(stream(), to[0], from[0], bytes); },
                                                 [&](int) { k.elementwise.copy(stream(), row, 4, from[0], to[0]); },
                                                 [&](int) { k.elementwise.axpby(stream(), kernels::DType::f32, count, 1, from[0], 0, nullptr, 0, to[0]); }};
      for (const auto& copy : copies) c.bandwidth = std::max(c.bandwidth, 2.0 * double(bytes) / median_seconds({copy}));
    }
    for (const Rate rate : {Rate::f32, Rate::tf32, Rate::bf16}) {
      if (rate == Rate::tf32 && device().type == DeviceType::cpu) continue;
      const int size = product_size(rate);
      const auto dtype = rate == Rate::bf16 ? kernels::DType::bf16 : kernels::DType::f32;
      const Operand a(int64_t{size} * size, dtype, 1), b(int64_t{size} * size, dtype, 1), y(int64_t{size} * size, dtype, 1);
      const kernels::Gemm g{1, size, size, size, false, true, 0, 0, dtype, dtype, rate == Rate::tf32 ? Math::tf32 : Math::f32};
      const double ours = median_seconds({[&](int) { k.gemm.multiply(stream(), g, a[0], b[0], y[0], {nullptr, kernels::Unary::identity, 0}); }});
      c.rate[int(rate)] = std::max(2.0 * size * size * size / ours, peer_product_rate(rate));
    }
    return c;
  }();
  return found;
}

}  // namespace ganymede::bench
