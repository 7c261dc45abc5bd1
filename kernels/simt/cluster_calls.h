// What the words for clusters do in the simulator. Included by simt_cpu.cpp alone, behind Worker's own functions.
#pragma once

namespace ganymede::kernels::sim {

void Worker::arrive_cluster(Where where) {
  if (!launch_->cluster) fail("cluster_sync needs launch_cluster", where);
  arrive(together_, "cluster", "cluster_sync", where, [&] {
    cluster_begun_ = true;
    for (size_t i = 0; i < resident_; ++i) blocks_[i]->read = false;
  });
}

unsigned char* Worker::cluster_arena(int rank, Where where) {
  const unsigned size = launch_->cluster;
  if (!size) fail("cluster_shared needs launch_cluster", where);
  if (rank < 0 || static_cast<unsigned>(rank) >= size)
    fail("cluster_shared: there is no block " + std::to_string(rank) + " in a cluster of " + std::to_string(size), where);
  if (!cluster_begun_)
    fail("cluster_shared: a cluster_sync() must come first; block " + std::to_string(rank) + " may not have begun", where);
  const auto found = std::find_if(blocks_.begin(), blocks_.begin() + static_cast<ptrdiff_t>(resident_),
                                  [&](const auto& b) { return b->index.x % size == static_cast<unsigned>(rank); });
  Block& of = **found;
  if (!of.alive) fail("cluster_shared: block " + std::to_string(rank) + " has ended; a cluster_sync() must come behind the last read", where);
  if (&of != current_->block) of.read = true, of.read_at = where;
  return of.arena.data();
}

// Who looks at the memory of a block that has ended finds poison.
void Worker::end_in_cluster(Block& block) {
  if (block.read) {
    throw std::runtime_error(text(block.read_at) + ": cluster_shared: block " + text(block.index) +
                             " ends after this read and could do so before it; a cluster_sync() must come behind the last read; " + launch_name());
  }
  block.arena.prepare(launch_->shared_bytes);
}

int fibers::cluster_size() { return worker->cluster_size(); }
int fibers::cluster_rank() { return static_cast<int>(blockIdx.x) % worker->cluster_size(); }
void fibers::sync_cluster(Where where) { worker->arrive_cluster(where); }
unsigned char* fibers::cluster_arena(int rank, Where where) { return worker->cluster_arena(rank, where); }

}  // namespace ganymede::kernels::sim
