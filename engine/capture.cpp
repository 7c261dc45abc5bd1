#include "engine/capture.h"

#include "engine/check.h"
#include "engine/ops/weights.h"

namespace ganymede {
namespace {

// Marks the thread as inside an update for a scope.
class InUnit {
 public:
  InUnit(std::vector<std::shared_ptr<Storage>>& copied, std::vector<Action>* recorded = nullptr, bool graph = false) {
    static uint64_t serials = 0;
    require(!context().unit, "an update inside an update");
    run_ = {recorded, graph, ++serials, &copied};
    context().unit = &run_;
  }
  ~InUnit() { context().unit = nullptr; }
 private:
  UnitRun run_;
};

// The stream must leave capture mode whatever happens, or nothing could run on it any more.
void* capture_graph(const kernels::DeviceKernels& d, const std::function<void()>& f) {
  d.begin_capture(d.stream());
  try {
    f();
  } catch (...) {
    try {
      d.destroy_graph(d.end_capture(d.stream()));
    } catch (const std::exception&) {  // what f threw says more
    }
    throw;
  }
  return d.end_capture(d.stream());
}

}  // namespace

Unit::~Unit() {
  if (graph_) kernels_of(device_).device.destroy_graph(graph_);
}

void Unit::replay() {
  if (graph_) {
    const auto& d = kernels_of(device_).device;
    d.launch_graph(d.stream(), graph_);
  }
  for (const Action& action : recorded_) action();
}

void Unit::run(const std::function<void()>& f) {
  Context& c = context();
  if (stage_ == 0) device_ = c.device;
  require(c.device == device_, "an update captured on ", device_, " runs on ", c.device);
  for (const auto& storage : copied_) refresh_copy(storage);  // somebody may have written the weights since
  if (stage_ >= 3) return replay();
  const int64_t before = c.launches;
  if (!capture_ || stage_ == 0) {
    InUnit in(copied_);
    f();
    if (capture_ && stage_ == 0) stage_ = 1;
  } else if (stage_ == 1) {
    arena_ = std::make_shared<Arena>(device_, scratch_ ? scratch_ : std::make_shared<Scratch>(device_));
    {
      InUnit in(copied_);
      ArenaScope scope(arena_, ArenaScope::Mode::trace);
      f();
    }
    arena_->lay_out();
    stage_ = 2;
  } else {
    arena_->settle();
    arena_->rewind();
    if (is_plan(device_)) {   // on paper there is nothing to capture
      InUnit in(copied_);
      ArenaScope scope(arena_, ArenaScope::Mode::place);
      return f();
    }
    const auto& d = kernels_of(device_).device;
    {
      InUnit in(copied_, &recorded_, d.begin_capture != nullptr);
      ArenaScope scope(arena_, ArenaScope::Mode::place);
      if (d.begin_capture) {
        graph_ = capture_graph(d, f);
      } else {
        f();
      }
    }
    stage_ = 3;
    if (graph_) d.launch_graph(d.stream(), graph_);  // capturing it has not run it
  }
  launches_ = c.launches - before;
}

}  // namespace ganymede
