#include <algorithm>
#include <string>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/drawn_store.h"
#include "gan/data/openers.h"
#include "gan/data/solid_scene.h"
#include "gan/data/transform.h"

namespace ganymede::data {
namespace {

constexpr int64_t kNaturalSize = 64, kLeastSize = 16, kMostSize = 256;
constexpr int64_t kTrainRooms = 10000, kTestRooms = 1000;

// Fields "a", the normals of what each pixel shows, and "b", the picture.
class Solids : public Dataset {
 public:
  Solids(const std::string& text, const Options& options) : options_(options), size_(options.size ? options.size : kNaturalSize), drawn_(options.cache_bytes) {
    if (size_ < kLeastSize || size_ > kMostSize)
      throw UsageError("solids are drawn at " + std::to_string(kLeastSize) + " to " + std::to_string(kMostSize) + " px, not at " + std::to_string(size_));
    Arguments arguments("solids:" + text, text);
    if (!arguments.words().empty()) arguments.fail("it takes count=N and objects=N, not '" + joined(arguments.words()) + "'");
    count_ = arguments.integer("count", options.split == Split::train ? kTrainRooms : kTestRooms, 1, int64_t{1} << 40);
    objects_ = static_cast<int>(arguments.integer("objects", 3, 1, 8));
    arguments.finish();
    fields_ = {{"a", {size_, size_, 3}, Kind::real}, {"b", {size_, size_, options.channels == 1 ? 1 : 3}, Kind::real}};
  }

  int64_t size() const override { return count_; }
  std::string describe() const override {
    return "solids: " + std::to_string(count_) + " rooms of " + std::to_string(size_) + "x" + std::to_string(size_) + " px (a, normals, and b), seed " + std::to_string(options_.seed) +
           (options_.flip ? ", flipped at random" : "") + (options_.load_size ? ", cut at random from " + std::to_string(options_.load_size) : "");
  }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const Window window = draw_window(options_, size_, random);
    const int64_t key = 2 * index + window.mirrored;
    const size_t normals = out.real(0, row).size();
    if (const auto kept = options_.load_size ? nullptr : drawn_.find(key)) {
      std::copy_n(kept->real.begin(), normals, out.real(0, row).begin());
      std::copy(kept->real.begin() + static_cast<std::ptrdiff_t>(normals), kept->real.end(), out.real(1, row).begin());
      return;
    }
    Random draws(options_.seed, static_cast<uint64_t>(index), options_.split == Split::train ? 1 : 2);
    RoomRendering drawn = render(draw_room(objects_, draws), size_, window);
    if (fields_[1].shape[2] == 1) drawn.image = luma({size_, size_, 3, std::move(drawn.image)});
    std::copy(drawn.normals.begin(), drawn.normals.end(), out.real(0, row).begin());
    std::copy(drawn.image.begin(), drawn.image.end(), out.real(1, row).begin());
    if (options_.load_size) return;
    drawn.normals.insert(drawn.normals.end(), drawn.image.begin(), drawn.image.end());
    drawn_.keep(key, {std::move(drawn.normals), {}});
  }

 private:
  Options options_;
  int64_t size_, count_ = 0;
  int objects_ = 1;
  mutable DrawnStore drawn_;  // by room and mirror; nothing where parts are cut out at random
};

}  // namespace

std::unique_ptr<Dataset> open_solids(const std::string& argument, const Options& options) { return std::make_unique<Solids>(argument, options); }

}  // namespace ganymede::data
