#include "kernels/simt/graph.h"

#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

namespace ganymede::kernels::sim::graphs {
namespace {

using Graph = std::vector<std::function<void()>>;
thread_local std::unique_ptr<Graph> captured;

constexpr std::align_val_t kAlignment{64};  // that of TMA's descriptors, the largest of any argument

}  // namespace

bool capturing() { return captured != nullptr; }

void begin() {
  if (captured) throw std::runtime_error("beginning of a graph capture: one goes on already");
  captured = std::make_unique<Graph>();
}

void* end() {
  if (!captured) throw std::runtime_error("end of a graph capture: none goes on");
  return captured.release();
}

void launch(void* graph) {
  if (captured) throw std::runtime_error("a graph launched while another is captured");
  for (const auto& work : *static_cast<Graph*>(graph)) work();
}

void destroy(void* graph) { delete static_cast<Graph*>(graph); }

bool note(std::function<void()> work) {
  if (!captured) return false;
  captured->push_back(std::move(work));
  return true;
}

bool note(const fibers::Launch& launch) {
  if (!captured) return false;
  const std::shared_ptr<void> arguments(::operator new(launch.context_bytes, kAlignment), [](void* p) { ::operator delete(p, kAlignment); });
  std::memcpy(arguments.get(), launch.context, launch.context_bytes);
  fibers::Launch own = launch;
  own.context = arguments.get();
  return note([own, arguments] { fibers::run(own); });
}

}  // namespace ganymede::kernels::sim::graphs
