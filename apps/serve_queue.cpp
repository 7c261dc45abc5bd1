#include "apps/serve_queue.h"

#include <chrono>

namespace ganymede::apps {

void ModelQueue::call(std::function<void()> work) {
  std::future<void> done;
  {
    const std::lock_guard lock(mutex_);
    if (ending_) throw Ending("the server is ending");
    if (waiting_.size() >= most_) throw Busy(text(waiting_.size(), " requests wait for the model already, and no more than ", most_, " may; try again in a moment"));
    waiting_.push_back({std::move(work), {}});
    done = waiting_.back().done.get_future();
  }
  arrived_.notify_one();
  done.get();
}

void ModelQueue::serve(const std::function<bool()>& over) {
  using namespace std::chrono_literals;
  std::unique_lock lock(mutex_);
  while (!over()) {
    if (!arrived_.wait_for(lock, 50ms, [&] { return !waiting_.empty(); })) continue;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    try {
      job.work();
      job.done.set_value();
    } catch (...) {
      job.done.set_exception(std::current_exception());
    }
    lock.lock();
  }
  ending_ = true;
  for (Job& job : waiting_) job.done.set_exception(std::make_exception_ptr(Ending("the server is ending")));
  waiting_.clear();
}

}  // namespace ganymede::apps
