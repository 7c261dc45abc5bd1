#include <algorithm>
#include <string>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/drawn_store.h"
#include "gan/data/landscape.h"
#include "gan/data/openers.h"
#include "gan/data/transform.h"

namespace ganymede::data {
namespace {

constexpr int64_t kNaturalSize = 64, kLeastSize = 16, kMostSize = 512;
constexpr int64_t kTrainScenes = 5000, kTestScenes = 500;

// Fields "a", the label map in colours, "b", the picture, and "semantic".
class Landscapes : public Dataset {
 public:
  Landscapes(const std::string& text, const Options& options) : options_(options), size_(options.size ? options.size : kNaturalSize), drawn_(options.cache_bytes) {
    if (size_ < kLeastSize || size_ > kMostSize)
      throw UsageError("landscapes are drawn at " + std::to_string(kLeastSize) + " to " + std::to_string(kMostSize) + " px, not at " + std::to_string(size_));
    Arguments arguments("landscapes:" + text, text);
    if (!arguments.words().empty()) arguments.fail("it takes count=N and light=any or noon, not '" + joined(arguments.words()) + "'");
    count_ = arguments.integer("count", options.split == Split::train ? kTrainScenes : kTestScenes, 1, int64_t{1} << 40);
    lit_ = arguments.choice("light", "any", {"any", "noon"}) == "any";
    arguments.finish();
    fields_ = {{"a", {size_, size_, 3}, Kind::real}, {"b", {size_, size_, options.channels == 1 ? 1 : 3}, Kind::real}, {"semantic", {size_, size_}, Kind::integer}};
    palette_ = landscape_palette();
  }

  int64_t size() const override { return count_; }
  std::string describe() const override {
    return "landscapes: " + std::to_string(count_) + " scenes of " + std::to_string(size_) + "x" + std::to_string(size_) + " px (a, label maps, and b), seed " + std::to_string(options_.seed) +
           (lit_ ? "" : ", all at noon") + (options_.flip ? ", flipped at random" : "") + (options_.load_size ? ", cut at random from " + std::to_string(options_.load_size) : "");
  }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const Window window = draw_window(options_, size_, random);
    const int64_t key = 2 * index + window.mirrored;
    auto drawn = options_.load_size ? nullptr : drawn_.find(key);
    if (!drawn) {
      Random draws(options_.seed, static_cast<uint64_t>(index), options_.split == Split::train ? 1 : 2);
      LandscapeRendering r = render(draw_landscape(lit_, draws), size_, window);
      if (fields_[1].shape[2] == 1) r.image = luma({size_, size_, 3, std::move(r.image)});
      drawn = std::make_shared<DrawnStore::Drawn>(DrawnStore::Drawn{std::move(r.image), std::move(r.semantic)});
      if (!options_.load_size) drawn_.keep(key, *drawn);
    }
    to_float(palette_.drawn(drawn->integer, size_, size_), out.real(0, row).data());
    std::copy(drawn->real.begin(), drawn->real.end(), out.real(1, row).begin());
    std::copy(drawn->integer.begin(), drawn->integer.end(), out.integer(2, row).begin());
  }

 private:
  Options options_;
  int64_t size_, count_ = 0;
  bool lit_ = true;
  mutable DrawnStore drawn_;  // by scene and mirror; nothing where parts are cut out at random
};

}  // namespace

std::unique_ptr<Dataset> open_landscapes(const std::string& argument, const Options& options) { return std::make_unique<Landscapes>(argument, options); }

}  // namespace ganymede::data
