#include <algorithm>

#include "gan/data/drawn_scenes.h"
#include "gan/data/openers.h"
#include "gan/data/solid_scene.h"
#include "gan/data/transform.h"

namespace ganymede::data {
namespace {

// Fields "a", the normals of what each pixel shows, and "b", the picture.
class Solids : public DrawnScenes {
 public:
  Solids(Arguments& arguments, const Options& options) : DrawnScenes({"solids", 256, 10000, 1000}, arguments, "count=N and objects=N", options) {
    objects_ = static_cast<int>(arguments.integer("objects", 3, 1, 8));
    arguments.finish();
    fields_ = {{"a", {pixels(), pixels(), 3}, Kind::real}, {"b", {pixels(), pixels(), grey() ? 1 : 3}, Kind::real}};
  }
  std::string describe() const override { return described("rooms", "a, normals, and b"); }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const auto drawn = scene(index, random);
    const auto middle = drawn->real.begin() + static_cast<std::ptrdiff_t>(fields_[0].count());
    std::copy(drawn->real.begin(), middle, out.real(0, row).begin());
    std::copy(middle, drawn->real.end(), out.real(1, row).begin());
  }

 private:
  // Normals, then the picture.
  DrawnStore::Drawn draw(Random& draws, const Window& window) const override {
    RoomRendering r = render(draw_room(objects_, draws), pixels(), window);
    if (grey()) r.image = luma({pixels(), pixels(), 3, std::move(r.image)});
    r.normals.insert(r.normals.end(), r.image.begin(), r.image.end());
    return {std::move(r.normals), {}};
  }
  int objects_ = 1;
};

}  // namespace

std::unique_ptr<Dataset> open_solids(const std::string& argument, const Options& options) {
  Arguments arguments("solids:" + argument, argument);
  return std::make_unique<Solids>(arguments, options);
}

}  // namespace ganymede::data
