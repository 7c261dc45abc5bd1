// Where tensors live and which table of kernels serves them.
#pragma once
#include <iosfwd>
#include <string>

#include "kernels/api/kernels.h"

namespace ganymede {

using kernels::DType;
using kernels::Math;

enum class DeviceType : uint8_t { cpu, cuda, sim, plan };

struct Device {
  DeviceType type = DeviceType::cpu;
  int index = 0;
  bool operator==(const Device&) const = default;

  // "cpu", "cuda", "cuda:1", "sim", "plan" (shapes only: ops count and allocate on paper), or "auto": cuda if there is
  // a usable card, else cpu. Throws UsageError for anything else, and Error when the device is not there.
  static Device parse(const std::string& name);
  // The same, but plan where the device is not there.
  static Device parse_or_plan(const std::string& name);
  std::string str() const;
};

std::ostream& operator<<(std::ostream& out, const Device& device);

// Devices of this type that can be used now: 1 for cpu, sim and plan.
int device_count(DeviceType type);

// The kernels of a device. plan has none; ask is_plan() first.
const kernels::Kernels& kernels_of(const Device& device);
inline bool is_plan(const Device& device) { return device.type == DeviceType::plan; }

const char* dtype_name(DType dtype);   // "f32"
size_t dtype_bytes(DType dtype);
inline bool is_floating(DType d) { return d == DType::f32 || d == DType::bf16 || d == DType::f64; }
std::ostream& operator<<(std::ostream& out, DType dtype);

}  // namespace ganymede

namespace ganymede::kernels {
using ganymede::operator<<;
}
