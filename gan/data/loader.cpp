#include "gan/data/loader.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "engine/check.h"

namespace ganymede::data {
namespace {

constexpr int kNiceness = 10;
constexpr int64_t kMostReadAhead = int64_t{1} << 30;
constexpr uint64_t kShuffleKey = ~uint64_t{0};  // no sample has this number

int64_t checked_batches(const Dataset& dataset, int64_t batch) {
  if (batch < 1) throw Error("batch is " + std::to_string(batch) + "; it must be at least 1");
  if (batch > dataset.size()) {
    throw Error("batch of " + std::to_string(batch) + " is larger than the data set of " +
                std::to_string(dataset.size()) + " samples (" + dataset.describe() + "); use --batch " +
                std::to_string(dataset.size()) + " or less");
  }
  return dataset.size() / batch;
}

}  // namespace

int reading_threads(bool cores_compute, int computing_threads, int cores, int64_t batch_bytes) {
  const int wanted = cores_compute ? std::min(computing_threads / 2, 4) : cores - 1;
  const int64_t affordable = kMostReadAhead / std::max<int64_t>(batch_bytes, 1) - batches_in_memory(0);
  return static_cast<int>(std::clamp<int64_t>(wanted, 1, std::max<int64_t>(affordable, 1)));
}

int batches_in_memory(int reading_threads) { return reading_threads + 3; }

Loader::Loader(const Dataset& dataset, int64_t batch, uint64_t seed, int threads, Share share)
    : dataset_(dataset),
      batch_(batch),
      share_(batch / share.processes),
      first_row_(share.rank * share_),
      seed_(seed),
      batches_per_epoch_(checked_batches(dataset, batch)),
      thread_count_(threads) {
  if (threads < 0) throw Error("threads is " + std::to_string(threads) + "; it must be 0 or more");
  if (batch % share.processes != 0)
    throw Error("a batch of " + std::to_string(batch) + " for " + std::to_string(share.processes) + " processes; it must be a multiple of their number");
  slots_.resize(threads == 0 ? 1 : static_cast<size_t>(batches_in_memory(threads)));
  for (Slot& slot : slots_) slot.batch = HostBatch(dataset.fields(), share_);
}

Loader::~Loader() { stop(); }

void Loader::start() {
  stopping_ = false;
  claimed_ = released_ = iteration_;
  for (Slot& slot : slots_) slot.ready = -1;
  for (int i = 0; i < thread_count_; ++i) threads_.emplace_back([this] { work(); });
}

void Loader::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Loader::seek(int64_t iteration) {
  if (iteration < 0) throw Error("cannot seek to batch " + std::to_string(iteration));
  stop();
  iteration_ = iteration;
}

const HostBatch& Loader::next() {
  const auto begin = std::chrono::steady_clock::now();
  Slot* slot = nullptr;
  std::exception_ptr error;
  if (thread_count_ == 0) {
    slot = &slots_[0];
    fill(iteration_, slot->batch);
  } else {
    if (threads_.empty()) start();
    std::unique_lock lock(mutex_);
    released_ = iteration_;
    room_.notify_one();  // for one batch; threads that are reading look for themselves
    slot = &slots_[static_cast<size_t>(iteration_) % slots_.size()];
    ready_.wait(lock, [&] { return slot->ready == iteration_; });
    error = std::exchange(slot->error, nullptr);
  }
  waited_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (error) {
    stop();
    std::rethrow_exception(error);
  }
  ++iteration_;
  return slot->batch;
}

void Loader::work() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNiceness);
  std::unique_lock lock(mutex_);
  const int64_t ahead = static_cast<int64_t>(slots_.size());
  for (;;) {
    // The caller holds batch released_, at most; batches released_ … released_ + slots - 1 have slots.
    room_.wait(lock, [&] { return stopping_ || claimed_ < released_ + ahead; });
    if (stopping_) return;
    const int64_t mine = claimed_++;
    Slot& slot = slots_[static_cast<size_t>(mine) % slots_.size()];
    lock.unlock();
    std::exception_ptr error;
    try {
      fill(mine, slot.batch);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    slot.error = error;
    slot.ready = mine;
    ready_.notify_one();
  }
}

Loader::Order Loader::order_of(int64_t epoch) {
  std::lock_guard lock(order_mutex_);
  const size_t place = static_cast<size_t>(epoch) % 2;  // two epochs meet when threads read ahead
  if (order_epoch_[place] != epoch) {
    auto order = std::make_shared<std::vector<int64_t>>(static_cast<size_t>(dataset_.size()));
    std::iota(order->begin(), order->end(), int64_t{0});
    Random random(seed_, static_cast<uint64_t>(epoch), kShuffleKey);
    for (size_t i = order->size(); i > 1; --i) {
      std::swap((*order)[i - 1], (*order)[static_cast<size_t>(random.below(static_cast<int64_t>(i)))]);
    }
    orders_[place] = std::move(order);
    order_epoch_[place] = epoch;
  }
  return orders_[place];
}

void Loader::fill(int64_t iteration, HostBatch& out) {
  const int64_t epoch = iteration / batches_per_epoch_;
  const int64_t first = iteration % batches_per_epoch_ * batch_ + first_row_;
  const Order order = order_of(epoch);
  for (int64_t row = 0; row < share_; ++row) {
    const int64_t sample = (*order)[static_cast<size_t>(first + row)];
    Random random(seed_, static_cast<uint64_t>(epoch), static_cast<uint64_t>(sample));
    try {
      dataset_.read(sample, random, out, row);
    } catch (const Error& error) {
      throw ReadError(error.what());
    }
  }
}

}  // namespace ganymede::data
