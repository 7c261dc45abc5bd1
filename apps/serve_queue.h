// Requests wait here for the one thread that may use the model: tensors live in that thread's context.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>

#include "engine/check.h"

namespace ganymede::apps {

// Too many requests wait already.
struct Busy : Error {
  using Error::Error;
};
// The program is ending.
struct Ending : Error {
  using Error::Error;
};

class ModelQueue {
 public:
  // most: requests that may wait beside the one that is served.
  explicit ModelQueue(size_t most) : most_(most) {}

  // From any thread: has `work` run on the model's thread and waits for it; throws what it throws, or Busy or Ending.
  void call(std::function<void()> work);
  // On the model's thread: runs what is called for, in order, until `over`, which is asked at least every 50 ms; then
  // everything that still waits gets Ending.
  void serve(const std::function<bool()>& over);

 private:
  struct Job {
    std::function<void()> work;
    std::promise<void> done;
  };
  const size_t most_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Job> waiting_;
  bool ending_ = false;
};

}  // namespace ganymede::apps
