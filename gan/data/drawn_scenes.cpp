#include "gan/data/drawn_scenes.h"

#include "engine/check.h"

namespace ganymede::data {

DrawnScenes::DrawnScenes(const Scenes& kind, Arguments& arguments, const std::string& takes, const Options& options)
    : name_(kind.name), options_(options), size_(options.size ? options.size : kNaturalSize), drawn_(options.cache_bytes) {
  if (size_ < kLeastSize || size_ > kind.most_pixels)
    throw UsageError(name_ + " are drawn at " + std::to_string(kLeastSize) + " to " + std::to_string(kind.most_pixels) + " px, not at " + std::to_string(size_));
  if (!arguments.words().empty()) arguments.fail("it takes " + takes + ", not '" + joined(arguments.words()) + "'");
  count_ = arguments.integer("count", options.split == Split::train ? kind.train : kind.test, 1, int64_t{1} << 40);
}

std::shared_ptr<const DrawnStore::Drawn> DrawnScenes::scene(int64_t index, Random& random) const {
  const Window window = draw_window(options_, size_, random);
  const bool whole = options_.load_size == 0;
  const int64_t key = 2 * index + window.mirrored;
  if (const auto kept = whole ? drawn_.find(key) : nullptr) return kept;
  Random draws(options_.seed, static_cast<uint64_t>(index), options_.split == Split::train ? 1 : 2);
  const auto drawn = std::make_shared<DrawnStore::Drawn>(draw(draws, window));
  if (whole) drawn_.keep(key, *drawn);
  return drawn;
}

std::string DrawnScenes::described(const std::string& scenes, const std::string& fields) const {
  const std::string side = std::to_string(size_);
  return name_ + ": " + std::to_string(count_) + " " + scenes + " of " + side + "x" + side + " px (" + fields + "), seed " + std::to_string(options_.seed) + (options_.flip ? ", flipped at random" : "") +
         (options_.load_size ? ", cut at random from " + std::to_string(options_.load_size) : "");
}

}  // namespace ganymede::data
