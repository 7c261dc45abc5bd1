#pragma once

#include <memory>
#include <string>

#include "gan/data/arguments.h"
#include "gan/data/drawn_store.h"
#include "gan/data/window.h"

namespace ganymede::data {

// A set of drawn scenes, square and of any number: a scene follows from seed, split and index alone. Drawn once for each mirror and kept while there is room, unless parts of it are cut out
// at random.
class DrawnScenes : public Dataset {
 public:
  int64_t size() const override { return count_; }

 protected:
  struct Scenes {
    const char* name;             // "solids"
    int64_t most_pixels;          // of a side; the least are 16, 64 where nobody asks for a size
    int64_t train, test;          // scenes where nobody asks for a count
  };
  // Throws UsageError for a size that is not drawn, or words that are no NAME=VALUE; reads count=N. takes: "count=N and objects=N", for the message.
  DrawnScenes(const Scenes& kind, Arguments& arguments, const std::string& takes, const Options& options);

  // What is in the pixels of a scene, in the order in which read() takes it apart.
  virtual DrawnStore::Drawn draw(Random& draws, const Window& window) const = 0;
  std::shared_ptr<const DrawnStore::Drawn> scene(int64_t index, Random& random) const;
  bool grey() const { return options_.channels == 1; }
  int64_t pixels() const { return size_; }
  // "solids: 5 rooms of 64x64 px (fields), seed 1, flipped at random".
  std::string described(const std::string& scenes, const std::string& fields) const;

 private:
  std::string name_;
  Options options_;
  int64_t size_, count_;
  mutable DrawnStore drawn_;
};

}  // namespace ganymede::data
