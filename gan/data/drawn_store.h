#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace ganymede::data {

constexpr int64_t kNaturalSize = 64, kLeastSize = 16;   // pixels of a side where nobody asks for a size, and the fewest
constexpr uint64_t kTestKey = uint64_t{1} << 62;        // what the test split shows is drawn from other streams

// What drawing a sample gave, kept in memory while it fits into `bytes`, so that later epochs need not draw it again. For what
// is a pure function of its key alone. Safe from several threads.
class DrawnStore {
 public:
  struct Drawn {
    std::vector<float> real;
    std::vector<int64_t> integer;
  };
  explicit DrawnStore(int64_t bytes) : free_bytes_(bytes) {}

  std::shared_ptr<const Drawn> find(int64_t key) const;  // null: not kept
  // Takes a copy if there is room for it, and for as long as memory can be had.
  void keep(int64_t key, const Drawn& drawn);
  int64_t free_bytes() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<int64_t, std::shared_ptr<const Drawn>> kept_;
  int64_t free_bytes_;
};

}  // namespace ganymede::data
