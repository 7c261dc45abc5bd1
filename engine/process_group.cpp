#include "engine/process_group.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine/check.h"
#include "engine/context.h"
#ifdef GANYMEDE_HAS_MPI
#include <sched.h>
#define OMPI_SKIP_MPICXX   // C++ bindings of an older standard
#define MPICH_SKIP_MPICXX
#include <mpi.h>
#endif

namespace ganymede {

namespace {

// Set by the launchers of Open MPI and MPICH, and by Slurm's.
bool launched() {
  const auto is_set = [](const char* name) { return std::getenv(name) != nullptr; };
  return is_set("OMPI_COMM_WORLD_SIZE") || is_set("PMI_SIZE") || is_set("PMIX_RANK");
}

}  // namespace

const ProcessGroup& ProcessGroup::world() {
  static const ProcessGroup group;
  return group;
}

#ifdef GANYMEDE_HAS_MPI

namespace {

template <class T> MPI_Datatype type_of();
template <> MPI_Datatype type_of<float>() { return MPI_FLOAT; }
template <> MPI_Datatype type_of<double>() { return MPI_DOUBLE; }

// Each process adds up one part of all numbers, in the order of the ranks, and hands it to the others.
template <class T> void average_of(const std::vector<Tensor>& xs, int size) {
  size_t count = 0;
  for (const Tensor& x : xs) count += size_t(x.count());
  const size_t part = (count + size_t(size) - 1) / size_t(size);
  static std::vector<T> mine, theirs;   // kept: an update exchanges the same amount each time
  mine.resize(std::max(mine.size(), part * size_t(size))), theirs.resize(mine.size());
  size_t at = 0;
  for (const Tensor& x : xs) {
    const auto& device = kernels_of(x.device()).device;
    device.download(device.stream(), mine.data() + at, x.data(), x.bytes());
    at += size_t(x.count());
  }
  std::fill(mine.begin() + int64_t(at), mine.begin() + int64_t(part * size_t(size)), T(0));
  MPI_Alltoall(mine.data(), int(part), type_of<T>(), theirs.data(), int(part), type_of<T>(), MPI_COMM_WORLD);
  for (size_t i = 0; i < part; ++i) {
    const T first = theirs[i];
    T apart = 0;
    for (int rank = 1; rank < size; ++rank) apart += theirs[size_t(rank) * part + i] - first;
    theirs[i] = first + apart / T(size);
  }
  MPI_Allgather(theirs.data(), int(part), type_of<T>(), mine.data(), int(part), type_of<T>(), MPI_COMM_WORLD);
  at = 0;
  for (const Tensor& x : xs) {
    upload(x, mine.data() + at, x.bytes());
    at += size_t(x.count());
  }
}

// mpirun binds each of a few processes to a core of its own, and more of them all to the same cores: those take their parts of these, since threads
// that several processes pin to the same core wait for one another.
void divide_cores(MPI_Comm here, int rank, int size) {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  if (sched_getaffinity(0, sizeof mine, &mine) != 0) CPU_ZERO(&mine);
  std::vector<cpu_set_t> all(static_cast<size_t>(size));
  MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, here);
  int sharing = 0, before = 0;
  for (int i = 0; i < size; ++i)
    if (CPU_EQUAL(&all[size_t(i)], &mine)) ++sharing, before += i < rank;
  const int cores = CPU_COUNT(&mine), part = std::max(1, cores / sharing);
  if (sharing == 1 || cores == 0) return;
  cpu_set_t own;
  CPU_ZERO(&own);
  for (int core = 0, place = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &mine) && place++ / part == before % (cores / part)) CPU_SET(core, &own);
  sched_setaffinity(0, sizeof own, &own);
}

}  // namespace

ProcessGroup::ProcessGroup() {
  if (!launched()) return;
  int given = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &given);
  started_ = true;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm here;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
  MPI_Comm_rank(here, &local_rank_);
  MPI_Comm_size(here, &local_size_);
  divide_cores(here, local_rank_, local_size_);
  MPI_Comm_free(&here);
}

ProcessGroup::~ProcessGroup() {
  if (started_) MPI_Finalize();
}

void ProcessGroup::average(const Tensors& xs) const {
  if (alone()) return;
  for (const DType type : {DType::f32, DType::f64}) {
    std::vector<Tensor> of_type;
    std::copy_if(xs.begin(), xs.end(), std::back_inserter(of_type), [&](const Tensor& x) { return x.dtype() == type; });
    if (!of_type.empty()) type == DType::f32 ? average_of<float>(of_type, size_) : average_of<double>(of_type, size_);
  }
}

std::string ProcessGroup::first(const std::string& text) const {
  if (alone()) return text;
  const int length = int(text.size());
  std::vector<int> lengths(size_t(size_), 0);
  MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, MPI_COMM_WORLD);
  const auto found = std::find_if(lengths.begin(), lengths.end(), [](int n) { return n > 0; });
  if (found == lengths.end()) return "";
  std::string words = text;
  words.resize(size_t(*found));
  MPI_Bcast(words.data(), *found, MPI_CHAR, int(found - lengths.begin()), MPI_COMM_WORLD);
  return words;
}

std::vector<std::vector<std::byte>> ProcessGroup::gather(const std::vector<std::byte>& bytes) const {
  if (alone()) return {bytes};
  const int length = int(bytes.size());
  std::vector<int> lengths(size_t(size_), 0), starts(size_t(size_), 0);
  MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
  for (int i = 1; i < size_; ++i) starts[size_t(i)] = starts[size_t(i) - 1] + lengths[size_t(i) - 1];
  std::vector<std::byte> all(size_t(starts.back() + lengths.back()));
  MPI_Gatherv(bytes.data(), length, MPI_BYTE, all.data(), lengths.data(), starts.data(), MPI_BYTE, 0, MPI_COMM_WORLD);
  std::vector<std::vector<std::byte>> of_each;
  for (int i = 0; leads() && i < size_; ++i) of_each.emplace_back(all.begin() + starts[size_t(i)], all.begin() + starts[size_t(i)] + lengths[size_t(i)]);
  return of_each;
}

void ProcessGroup::end_all(int status) const {
  if (started_ && !alone()) MPI_Abort(MPI_COMM_WORLD, status);
  std::_Exit(status);
}

#else

ProcessGroup::ProcessGroup() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* const size = std::getenv(name);
    require(!size || std::atoi(size) <= 1, "mpirun started ", size ? size : "", " processes, but this build has no MPI; install libopenmpi-dev and build again");
  }
}
ProcessGroup::~ProcessGroup() = default;
void ProcessGroup::average(const Tensors&) const {}
std::string ProcessGroup::first(const std::string& text) const { return text; }
std::vector<std::vector<std::byte>> ProcessGroup::gather(const std::vector<std::byte>& bytes) const { return {bytes}; }
void ProcessGroup::end_all(int status) const { std::_Exit(status); }

#endif

}  // namespace ganymede
