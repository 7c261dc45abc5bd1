// What the ops of a thread need to know besides their arguments, and the one way to launch a kernel.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "engine/device.h"
#include "engine/tensor.h"

namespace ganymede {

enum class Precision : uint8_t { f32, tf32, bf16 };
Precision parse_precision(const std::string& name);  // UsageError unless f32, tf32 or bf16

// What a captured update does again at a replay: a launch with its arguments, or what the host has to remember of one.
using Action = std::function<void()>;

// A run of an update; see capture.h.
struct UnitRun {
  std::vector<Action>* recorded = nullptr;  // where actions are noted, in order, while capturing
  bool graph = false;                       // the device notes the launches itself
  uint64_t serial = 0;                      // distinguishes runs
  std::vector<std::shared_ptr<Storage>>* copied = nullptr;  // parameters whose bf16 copies the update reads (ops/weights.h)
};

struct Context {
  Device device;                       // where creators (zeros, randn, ...) put tensors
  Device planned{DeviceType::plan};    // on plan: the device whose kernels say what workspaces they want; plan: none is counted
  DType dtype = DType::f32;            // of what creators make: f32, or f64 for reference runs
  Precision precision = Precision::f32;  // of conv, linear, matmul and attention on f32 and bf16 tensors
  bool recording = true;               // off inside the last differentiation of an update
  Tensor random_state;                 // [sizeof(RandomState)] bytes on device
  uint32_t random_ordinal = 0;         // the next draw's ordinal
  UnitRun* unit = nullptr;             // set inside an update
  bool training = true;                // layers: batch statistics and dropout on
  int64_t launches = 0;                // kernels asked for so far
};

Context& context();

// Sets context members for a scope and puts the old values back, all but the two that only count on.
class ContextScope {
 public:
  ContextScope() : saved_(context()) {}
  ~ContextScope() {
    saved_.launches = context().launches;
    saved_.random_ordinal = context().random_ordinal;
    context() = saved_;
  }
  ContextScope(const ContextScope&) = delete;
 private:
  Context saved_;
};

// Runs f(kernels, stream) on the device, unless it is plan; notes it when an update is being captured. f must own or
// outlive what it points to: tensors' memory is fixed by the arena, parameters are held by their storage. count: the kernels that f asks for.
template <class F>
void launch(const Device& device, F&& f, int count = 1) {
  Context& c = context();
  c.launches += count;
  if (is_plan(device)) return;
  const kernels::Kernels& k = kernels_of(device);
  if (c.unit && c.unit->recorded && !c.unit->graph) {
    c.unit->recorded->push_back([f, &k] { f(k, k.device.stream()); });
  }
  f(k, k.device.stream());
}

// What follows on the host from the launches before it, such as versions: runs f now, and again at every replay of the update that is being
// captured, where a graph runs only what the device does.
inline void on_host(Action f) {
  f();
  if (UnitRun* unit = context().unit; unit && unit->recorded) unit->recorded->push_back(std::move(f));
}
// The launches before it wrote into storages.
inline void note_written(std::vector<std::shared_ptr<Storage>> storages) {
  on_host([storages = std::move(storages)] {
    for (const auto& storage : storages) ++storage->version;
  });
}

// What ask(kernels) says, of the device or of the one that is planned for; `otherwise` where none is.
template <class T, class F>
T asked_of(const Device& device, T otherwise, F&& ask) {
  const Device& asked = is_plan(device) ? context().planned : device;
  return is_plan(asked) ? otherwise : ask(kernels_of(asked));
}

// Memory beside a kernel's operands: as many bytes as ask(kernels) says, undefined if none.
template <class F>
Tensor workspace(const Device& device, F&& ask) {
  const size_t bytes = asked_of<size_t>(device, 0, ask);
  return bytes ? Tensor({int64_t(bytes)}, DType::u8, device) : Tensor();
}
inline void* data_or_null(const Tensor& t) { return t.defined() ? t.data() : nullptr; }

// Throws when called inside an update: a captured update is replayed without the host looking at values.
void forbid_host_read(const char* what);

}  // namespace ganymede
