#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/check.h"
#include "gan/data/dataset.h"

namespace ganymede::data {

// A sample that could not be read.
struct ReadError : Error {
  using Error::Error;
};

// How many threads should read. Cores that compute lend a half of their threads, at most 4; beside an accelerator they have nothing
// else to do, and all but one of `cores` read. Fewer, where the batches that they read ahead would take more than 1 GiB.
int reading_threads(bool cores_compute, int computing_threads, int cores, int64_t batch_bytes);
// The batches that so many threads keep in memory: one is in the caller's hands, one per thread is being read, two more are ready.
int batches_in_memory(int reading_threads);

// The part of every batch that belongs to one of several processes, whose number divides the batch.
struct Share {
  int rank = 0, processes = 1;
};

// Endless batches of a data set, read ahead by threads of low priority. Batch k is a pure function of
// (data, seed, batch size, k): every epoch is a seeded permutation of the data, whose last, partial batch is
// dropped; augmentation is keyed by (seed, epoch, sample). So resuming is seek(k), whatever the threads do.
class Loader {
 public:
  // The data set must outlive the loader. threads = 0 reads inside next(). Throws when the batch is larger
  // than the data set, or not positive. share: only these rows of each batch are read.
  Loader(const Dataset& dataset, int64_t batch, uint64_t seed, int threads, Share share = {});
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next call of next() returns batch number `iteration` (from 0).
  void seek(int64_t iteration);

  // Valid until the next call of next() or seek(). Throws ReadError with what reading a sample threw, when the batch that
  // holds it is due; calling again tries that batch again.
  const HostBatch& next();

  int64_t iteration() const { return iteration_; }  // number of the batch that next() returns next
  int64_t batches_per_epoch() const { return batches_per_epoch_; }
  int64_t epoch() const { return iteration_ / batches_per_epoch_; }
  double waited_seconds() const { return waited_seconds_; }  // spent inside next(), in all

 private:
  struct Slot {
    HostBatch batch;
    std::exception_ptr error;
    int64_t ready = -1;  // number of the batch that is complete in here
  };
  using Order = std::shared_ptr<const std::vector<int64_t>>;

  Order order_of(int64_t epoch);
  void fill(int64_t iteration, HostBatch& out);
  void work();
  void start();
  void stop();

  const Dataset& dataset_;
  const int64_t batch_, share_, first_row_;
  const uint64_t seed_;
  const int64_t batches_per_epoch_;
  const int thread_count_;
  int64_t iteration_ = 0;
  double waited_seconds_ = 0;

  std::mutex mutex_;
  std::condition_variable room_, ready_;  // a batch may be begun; a batch is complete
  std::vector<Slot> slots_;  // batch k lives in slot k % slots
  std::vector<std::thread> threads_;
  int64_t claimed_ = 0;   // next batch that a thread takes
  int64_t released_ = 0;  // batches before this one are no longer in use
  bool stopping_ = false;

  std::mutex order_mutex_;
  int64_t order_epoch_[2] = {-1, -1};
  Order orders_[2];
};

}  // namespace ganymede::data
