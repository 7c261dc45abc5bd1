#include "gan/data/drawn_store.h"

#include <new>

namespace ganymede::data {

std::shared_ptr<const DrawnStore::Drawn> DrawnStore::find(int64_t key) const {
  std::lock_guard lock(mutex_);
  const auto it = kept_.find(key);
  return it == kept_.end() ? nullptr : it->second;
}

void DrawnStore::keep(int64_t key, const Drawn& drawn) {
  const int64_t bytes = static_cast<int64_t>(drawn.real.size() * sizeof(float) + drawn.integer.size() * sizeof(int64_t));
  {
    std::lock_guard lock(mutex_);
    if (bytes > free_bytes_ || kept_.count(key)) return;
    free_bytes_ -= bytes;  // taken before the copy is made, so that threads together stay within the bound
  }
  try {
    auto copy = std::make_shared<const Drawn>(drawn);
    std::lock_guard lock(mutex_);
    if (!kept_.try_emplace(key, std::move(copy)).second) free_bytes_ += bytes;
  } catch (const std::bad_alloc&) {
    std::lock_guard lock(mutex_);
    free_bytes_ = 0;  // the training needs what is left
  }
}

int64_t DrawnStore::free_bytes() const {
  std::lock_guard lock(mutex_);
  return free_bytes_;
}

}  // namespace ganymede::data
