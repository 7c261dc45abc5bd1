// The processes of one training. mpirun starts them, on one machine or several; each holds all networks and sees a share of every batch.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace ganymede {

// Every process calls the same functions in the same order: each waits for all others.
class ProcessGroup {
 public:
  // Those that mpirun started with this one; without it this one alone. Those on one machine that may use the same cores divide them. Error where
  // several were started and this build has no MPI.
  static const ProcessGroup& world();
  ~ProcessGroup();
  ProcessGroup(const ProcessGroup&) = delete;

  int rank() const { return rank_; }               // 0, 1, ...
  int size() const { return size_; }
  int local_rank() const { return local_rank_; }   // among those on this machine
  int local_size() const { return local_size_; }
  bool alone() const { return size_ == 1; }
  bool leads() const { return rank_ == 0; }        // writes the run folder and speaks

  // Puts the mean over all processes in the place of each tensor; f32 or f64, the same shapes everywhere. Sums have the order of the ranks, so
  // every process gets the same bits, in every run; numbers that are the same everywhere stay as they are.
  void average(const Tensors& xs) const;
  // The text of the lowest rank that has one; "" if none has.
  std::string first(const std::string& text) const;
  // What each process gave, by rank, on rank 0; nothing elsewhere.
  std::vector<std::vector<std::byte>> gather(const std::vector<std::byte>& bytes) const;
  // Ends all processes, this one with `status`.
  [[noreturn]] void end_all(int status) const;

 private:
  ProcessGroup();
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
  bool started_ = false;   // MPI is there to be ended
};

}  // namespace ganymede
