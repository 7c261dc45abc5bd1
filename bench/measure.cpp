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

Operand::Operand(int64_t count, kernels::DType dtype, int sets) {
  // One period of noise, repeated: drawing hundreds of millions of numbers would take longer than the measurement.
  constexpr size_t kPeriod = 65521;
  static const std::vector<float> noise = [] {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal;
    std::vector<float> all(kPeriod);
    for (float& x : all) x = normal(generator);
    return all;
  }();
  const size_t element = dtype_bytes(dtype), bytes = size_t(count) * element;
  std::vector<unsigned char> host(bytes);
  for (size_t i = 0; i < size_t(count); ++i) {
    const float x = noise[i % kPeriod];
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    const uint16_t half = uint16_t(bits >> 16);
    if (dtype == kernels::DType::bf16) std::memcpy(&host[i * 2], &half, 2);
    else if (dtype == kernels::DType::f32) std::memcpy(&host[i * 4], &x, 4);
    else std::memset(&host[i * element], 0, element);
  }
  const auto& d = table().device;
  for (int set = 0; set < sets; ++set) {
    data_.push_back(d.allocate(bytes));
    if (bytes) d.upload(stream(), data_.back(), host.data(), bytes);
  }
  d.synchronize();
}

Operand::~Operand() {
  for (void* data : data_) table().device.release(data);
}

double median_seconds(const Prepared& p) {
  for (int set = 0; set < p.sets; ++set) p.call(set);
  table().device.synchronize();
  const auto& d = table().device;
  if (!d.begin_capture) return median_of_calls(p);
  const double about = timed([&] {
                         for (int i = 0; i < 4; ++i) p.call(i % p.sets);
                       }) / 4;
  const int rounds = std::clamp(int(2e-3 / (about * p.sets)), 1, std::max(1, 256 / p.sets)), calls = rounds * p.sets;
  void* graph = capture(p, calls);
  if (!graph) return median_of_calls(p);
  std::vector<double> times;
  for (int i = 0; i < 13; ++i) {
    const double time = timed([&] { d.launch_graph(stream(), graph); }) / calls;
    if (i >= 2) times.push_back(time);
  }
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

const Ceilings& ceilings() {
  static const Ceilings found = [] {
    Ceilings c;
    const auto& k = table();
    const size_t bytes = device().type == DeviceType::cuda ? size_t{1} << 30 : size_t{1} << 26;
    {
      const Operand from(int64_t(bytes / 4), kernels::DType::f32, 1), to(int64_t(bytes / 4), kernels::DType::f32, 1);
      c.bandwidth = 2.0 * double(bytes) / median_seconds({[&](int) { k.device.copy(stream(), to[0], from[0], bytes); }});
    }
    const int size = device().type == DeviceType::cuda ? 8192 : 512;
    for (const Rate rate : {Rate::f32, Rate::tf32, Rate::bf16}) {
      if (rate == Rate::tf32 && device().type == DeviceType::cpu) continue;
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
