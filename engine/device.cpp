#include "engine/device.h"

#include <ostream>

#include "engine/check.h"
#include "engine/recorded_kernels.h"

namespace ganymede {

int device_count(DeviceType type) {
  if (type == DeviceType::cuda) {
#ifdef GANYMEDE_HAS_CUDA
    return kernels::cuda::table().device.count();
#else
    return 0;
#endif
  }
  return 1;
}

Device Device::parse(const std::string& name) {
  if (name == "auto") return device_count(DeviceType::cuda) > 0 ? Device{DeviceType::cuda, 0} : Device{};
  if (name == "cpu") return {DeviceType::cpu, 0};
  if (name == "sim") return {DeviceType::sim, 0};
  if (name == "plan") return {DeviceType::plan, 0};
  if (name == "cuda" || name.starts_with("cuda:")) {
    int index = 0;
    if (name.size() > 4) {
      const std::string digits = name.substr(5);
      if (digits.empty() || digits.size() > 3 || digits.find_first_not_of("0123456789") != std::string::npos)
        throw UsageError(text("device ", name, ": the number after cuda: must be a card's index, as in cuda:0"));
      index = std::stoi(digits);
    }
#ifndef GANYMEDE_HAS_CUDA
    fail("device ", name, ": this build has no cuda device; build with the CUDA Toolkit 12.4 or newer, or use cpu or sim");
#endif
    const int count = device_count(DeviceType::cuda);
    require(index < count, "device ", name, ": ", count, " usable card", count == 1 ? "" : "s", " on this machine; use cpu");
    return {DeviceType::cuda, index};
  }
  throw UsageError(text("unknown device ", name, ": use auto, cpu, cuda, cuda:N or sim"));
}

Device Device::parse_or_plan(const std::string& name) {
  try {
    return parse(name);
  } catch (const UsageError&) {
    throw;
  } catch (const Error&) {
    return {DeviceType::plan, 0};
  }
}

std::string Device::str() const {
  switch (type) {
    case DeviceType::cpu: return "cpu";
    case DeviceType::sim: return "sim";
    case DeviceType::plan: return "plan";
    case DeviceType::cuda: return "cuda:" + std::to_string(index);
  }
  return "?";
}

std::ostream& operator<<(std::ostream& out, const Device& device) { return out << device.str(); }

namespace { thread_local const kernels::Kernels* cpu_kernels = nullptr; }
void replace_cpu_kernels(const kernels::Kernels* table) { cpu_kernels = table; }

const kernels::Kernels& kernels_of(const Device& device) {
  switch (device.type) {
    case DeviceType::cpu: return cpu_kernels ? *cpu_kernels : kernels::cpu::table();
    case DeviceType::sim: return kernels::sim::table();
    case DeviceType::cuda:
#ifdef GANYMEDE_HAS_CUDA
      return kernels::cuda::table();
#else
      fail("this build has no cuda device");
#endif
    case DeviceType::plan: break;
  }
  fail("the plan device has shapes only: nothing can be computed or read on it");
}

const char* dtype_name(DType dtype) {
  switch (dtype) {
    case DType::f32: return "f32";
    case DType::bf16: return "bf16";
    case DType::f64: return "f64";
    case DType::i32: return "i32";
    case DType::i64: return "i64";
    case DType::u8: return "u8";
  }
  return "?";
}

size_t dtype_bytes(DType dtype) {
  switch (dtype) {
    case DType::f32:
    case DType::i32: return 4;
    case DType::bf16: return 2;
    case DType::f64:
    case DType::i64: return 8;
    case DType::u8: return 1;
  }
  return 0;
}

std::ostream& operator<<(std::ostream& out, DType dtype) { return out << dtype_name(dtype); }

}  // namespace ganymede
