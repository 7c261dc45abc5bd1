// Launches: blocks are handed to one worker a core. Included by simt_cpu.cpp alone.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "kernels/simt/scheduler.h"

extern "C" [[gnu::weak]] int omp_in_parallel();

namespace ganymede::kernels::sim {

// One launch, shared by the workers that take part.
struct Job {
  const Launch& launch;
  Settings settings;
  uint64_t turns, blocks;   // blocks of a turn: one, those of a cluster, or all of a cooperative grid
  std::atomic<uint64_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex{};
  std::exception_ptr error{};

  bool left() const {
    return next.load(std::memory_order_relaxed) < turns && !failed.load(std::memory_order_relaxed);
  }

  // Takes the next turn, if one is left.
  void step(Worker& worker) {
    const uint64_t turn = next.fetch_add(1, std::memory_order_relaxed);
    if (turn >= turns) return;
    try {
      worker.run_blocks(launch, settings, turn * blocks, (turn + 1) * blocks);
    } catch (...) {
      std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
      failed = true;
    }
  }
};

inline Worker& this_worker() {
  thread_local Worker worker;
  return worker;
}

// Threads that wait for jobs beside the one that launches.
class Workers {
 public:
  ~Workers() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  void run(Job& job) {
    Worker& mine = this_worker();
    // A launch from several threads at once, or from an OpenMP region whose threads fill the machine: no
    // helpers.
    std::unique_lock only(launching_, std::defer_lock);
    const int helpers = helpers_for(job);
    const bool together = helpers > 0 && !(omp_in_parallel && omp_in_parallel()) && only.try_lock();
    if (!together) {
      while (job.left()) job.step(mine);
      return;
    }
    // Waking costs microseconds, so helpers are called only when work turns out to be left after a while.
    const auto begin = std::chrono::steady_clock::now();
    bool called = false;
    while (job.left()) {
      job.step(mine);
      if (!called && job.left() && std::chrono::steady_clock::now() - begin > std::chrono::microseconds(30)) {
        called = true;
        call(job, helpers);
      }
    }
    if (!called) return;
    std::unique_lock lock(mutex_);
    job_ = nullptr;
    done_.wait(lock, [&] { return active_ == 0; });
  }

 private:
  static int helpers_for(const Job& job) {
    if (sanitizers::thread() || job.turns < 2) return 0;   // ThreadSanitizer sees all races in one thread
    int workers = job.settings.workers;
    if (workers <= 0) workers = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 16);
    return static_cast<int>(std::min<uint64_t>(static_cast<uint64_t>(workers), job.turns)) - 1;
  }

  void call(Job& job, int helpers) {
    {
      std::lock_guard lock(mutex_);
      while (static_cast<int>(threads_.size()) < helpers) threads_.emplace_back([this] { serve(); });
      job_ = &job;
      seats_ = helpers;
    }
    wake_.notify_all();
  }

  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stop_ || (job_ && seats_ > 0); });
      if (stop_) return;
      Job& job = *job_;
      --seats_;
      ++active_;
      lock.unlock();
      while (job.left()) job.step(this_worker());
      lock.lock();
      if (--active_ == 0) done_.notify_all();
    }
  }

  std::mutex launching_;   // held by the launch that has the helpers
  std::mutex mutex_;       // guards what follows
  std::condition_variable wake_, done_;
  std::vector<std::thread> threads_;
  Job* job_ = nullptr;
  int seats_ = 0, active_ = 0;
  bool stop_ = false;
};

inline Settings settings_from_environment() {
  Settings s;
  if (const char* text = std::getenv("GANYMEDE_SIM_ORDER")) {
    const std::string order = text;
    const bool seeded = order.rfind("random:", 0) == 0;
    char* end = nullptr;
    if (order == "forward") s.order = Order::forward;
    else if (order == "reverse") s.order = Order::reverse;
    else if (order == "random" || seeded) s.order = Order::random;
    if (seeded) s.seed = std::strtoull(order.c_str() + 7, &end, 10);
    const bool known = s.order != Order::forward || order == "forward";
    if (!known || (seeded && (order.size() == 7 || *end))) {
      throw std::runtime_error("GANYMEDE_SIM_ORDER is \"" + order +
                               "\"; it must be forward, reverse, random or random:SEED");
    }
  }
  if (const char* text = std::getenv("GANYMEDE_SIM_THREADS")) {
    char* end = nullptr;
    const long threads = std::strtol(text, &end, 10);
    if (!*text || *end || threads < 1 || threads > 1024) {
      throw std::runtime_error("GANYMEDE_SIM_THREADS is \"" + std::string(text) +
                               "\"; it must be a number from 1 to 1024");
    }
    s.workers = static_cast<int>(threads);
  }
  if (const char* text = std::getenv("GANYMEDE_SIM_CAPABILITY")) {
    const std::string capability = text;
    if (capability != "80" && capability != "90")
      throw std::runtime_error("GANYMEDE_SIM_CAPABILITY is \"" + capability + "\"; it must be 80 or 90");
    s.capability = capability == "90" ? 90 : 80;
  }
  return s;
}

}  // namespace ganymede::kernels::sim
