#include "apps/kernel_run.h"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "engine/check.h"

namespace ganymede::apps {
namespace {

void encode(DType dtype, double value, unsigned char* to) {
  const float single = static_cast<float>(value);
  uint32_t bits;
  std::memcpy(&bits, &single, 4);
  const auto half = static_cast<uint16_t>(bits >> 16);   // inputs are exact in bf16
  if (dtype == DType::f64) std::memcpy(to, &value, 8);
  else if (dtype == DType::f32) std::memcpy(to, &single, 4);
  else std::memcpy(to, &half, 2);
}

double decode(DType dtype, const unsigned char* from) {
  double value;
  float single;
  uint16_t half;
  if (dtype == DType::f64) return std::memcpy(&value, from, 8), value;
  if (dtype == DType::f32) return std::memcpy(&single, from, 4), single;
  std::memcpy(&half, from, 2);
  const uint32_t bits = uint32_t{half} << 16;
  std::memcpy(&single, &bits, 4);
  return single;
}

}  // namespace

double relative_error(const std::vector<double>& found, const std::vector<double>& wanted) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    difference += (found[i] - wanted[i]) * (found[i] - wanted[i]);
    size += wanted[i] * wanted[i];
  }
  return size > 0 ? std::sqrt(difference / size) : std::sqrt(difference);
}

double median_seconds(const kernels::Kernels& k, const std::function<void()>& call) {
  using Clock = std::chrono::steady_clock;
  const auto timed = [&](const std::function<void()>& f) {
    k.device.synchronize();
    const auto begin = Clock::now();
    f();
    k.device.synchronize();
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  for (int i = 0; i < 3; ++i) call();
  // A graph of many calls, so that launching costs nothing, as in training.
  const int calls = std::clamp(static_cast<int>(2e-3 / timed(call)), 1, 100);
  k.device.begin_capture(k.device.stream());
  for (int i = 0; i < calls; ++i) call();
  void* graph = k.device.end_capture(k.device.stream());
  std::vector<double> times;
  for (int i = 0; i < 13; ++i) {
    const double seconds = timed([&] { k.device.launch_graph(k.device.stream(), graph); }) / calls;
    if (i >= 2) times.push_back(seconds);
  }
  k.device.destroy_graph(graph);
  std::nth_element(times.begin(), times.begin() + 5, times.end());
  return times[5];
}

PreparedCase::PreparedCase(const kernels::Kernels& k, const KernelCase& problem, DType dtype, Math math)
    : kernels_(k), problem_(problem), dtype_(dtype), math_(math) {
  const auto& d = k.device;
  for (const KernelOperand& o : problem.operands) {
    std::vector<unsigned char> bytes = o.bytes;
    if (o.store != Store::raw) {
      const size_t element = dtype_bytes(stored(o));
      bytes.assign(static_cast<size_t>(o.count()) * element, 0xFF);
      for (size_t i = 0; i < o.values.size(); ++i) encode(stored(o), o.values[i], bytes.data() + i * element);
    }
    pointers_.push_back(d.allocate(bytes.size()));
    d.upload(d.stream(), pointers_.back(), bytes.data(), bytes.size());
  }
  pointers_.push_back(nullptr);
  renew_workspace();
}

void PreparedCase::renew_workspace() {
  const auto& d = kernels_.device;
  const size_t workspace = problem_.workspace ? problem_.workspace(kernels_, dtype_, math_) : 0;
  if (pointers_.back()) d.release(pointers_.back());
  pointers_.back() = workspace ? d.allocate(workspace) : nullptr;
}

PreparedCase::~PreparedCase() {
  for (void* p : pointers_)
    if (p) kernels_.device.release(p);
}

DType PreparedCase::stored(const KernelOperand& o) const { return o.store == Store::data || dtype_ == DType::f64 ? dtype_ : DType::f32; }

std::vector<double> PreparedCase::values(size_t i) const {
  const KernelOperand& o = problem_.operands[i];
  const size_t element = dtype_bytes(stored(o));
  std::vector<unsigned char> bytes(static_cast<size_t>(o.count()) * element);
  kernels_.device.download(kernels_.device.stream(), bytes.data(), pointers_[i], bytes.size());
  std::vector<double> values(static_cast<size_t>(o.count()));
  for (size_t j = 0; j < values.size(); ++j) values[j] = decode(stored(o), bytes.data() + j * element);
  return values;
}

std::vector<kernels::TraceOperand> PreparedCase::trace_operands() const {
  std::vector<kernels::TraceOperand> all;
  for (size_t i = 0; i < problem_.operands.size(); ++i) {
    const KernelOperand& o = problem_.operands[i];
    const size_t element = o.store == Store::raw ? o.bytes.size() / static_cast<size_t>(o.count()) : dtype_bytes(stored(o));
    all.push_back({o.name, pointers_[i], element * static_cast<size_t>(o.count()), element});
  }
  if (const size_t bytes = problem_.workspace ? problem_.workspace(kernels_, dtype_, math_) : 0) all.push_back({"workspace", pointers_.back(), bytes, 4});
  return all;
}

double PreparedCase::bytes_moved() const {
  double bytes = 0;
  for (const KernelOperand& o : problem_.operands)
    bytes += o.store == Store::raw ? double(o.bytes.size()) : double(o.count()) * double(dtype_bytes(stored(o))) * (o.output && !o.values.empty() ? 2 : 1);
  return bytes;
}

double allowed_error(const KernelCase& problem, DType dtype, Math math) {
  return dtype == DType::bf16 ? (problem.gradient ? 2e-2 : 1e-2) : math == Math::tf32 ? (problem.gradient ? 4e-3 : 2e-3) : problem.bound_f32;
}

std::vector<OutputError> check_case(const PreparedCase& prepared, const KernelCase& problem, DType dtype, Math math) {
  const PreparedCase reference(kernels::cpu::table(), problem, DType::f64, Math::f32);
  reference.call();
  const double bound = allowed_error(problem, dtype, math);
  std::vector<OutputError> errors;
  for (size_t i = 0; i < problem.operands.size(); ++i)
    if (problem.operands[i].output) errors.push_back({problem.operands[i].name, relative_error(prepared.values(i), reference.values(i)), bound});
  return errors;
}

CaseTime time_case(const kernels::Kernels& k, const PreparedCase& prepared, const KernelCase& problem, DType dtype, Math math) {
  CaseTime t{};
  t.seconds = median_seconds(k, [&] { prepared.call(); });
  const auto& d = k.device;
  constexpr size_t kBytes = size_t{1} << 29;
  void *from = d.allocate(kBytes), *to = d.allocate(kBytes);
  d.fill_bytes(d.stream(), from, 0, kBytes);
  t.bytes_per_second = 2.0 * kBytes / median_seconds(k, [&] { d.copy(d.stream(), to, from, kBytes); });
  constexpr int kSize = 4096;   // its three matrices fit into the two buffers
  const kernels::Gemm g{1, kSize, kSize, kSize, false, true, 0, 0, dtype, dtype, math};
  auto* c = static_cast<unsigned char*>(to) + kBytes / 2;
  t.operations_per_second =
      2.0 * kSize * kSize * kSize / median_seconds(k, [&] { k.gemm.multiply(d.stream(), g, from, from, c, {nullptr, kernels::Unary::identity, 0}); });
  d.release(from);
  d.release(to);
  t.floor_seconds = std::max(prepared.bytes_moved() / t.bytes_per_second, 2 * problem.multiply_adds / t.operations_per_second);
  return t;
}

const kernels::TraceLibrary& trace_library() {
  namespace fs = std::filesystem;
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  for (const fs::path& place : {folder / "ganymede_trace.so", folder / "../lib/ganymede/ganymede_trace.so"}) {
    if (!fs::exists(place)) continue;
    void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw Error(std::string("--trace: ") + dlerror());
    const auto entry = reinterpret_cast<kernels::TraceEntry>(dlsym(library, kernels::kTraceSymbol));
    if (!entry) throw Error("--trace: " + place.string() + " is not a library of traced kernels");
    return *entry();
  }
  throw Error("--trace: there is no ganymede_trace.so beside the program or in ../lib/ganymede; build the target ganymede_trace (builds with a sanitizer have none)");
}

}  // namespace ganymede::apps
