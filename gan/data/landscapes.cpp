#include <algorithm>

#include "gan/data/drawn_scenes.h"
#include "gan/data/landscape.h"
#include "gan/data/openers.h"
#include "gan/data/transform.h"

namespace ganymede::data {
namespace {

// Fields "a", the label map in colours, "b", the picture, and "semantic".
class Landscapes : public DrawnScenes {
 public:
  Landscapes(Arguments& arguments, const Options& options) : DrawnScenes({"landscapes", 512, 5000, 500}, arguments, "count=N and light=any or noon", options) {
    lit_ = arguments.choice("light", "any", {"any", "noon"}) == "any";
    arguments.finish();
    fields_ = {{"a", {pixels(), pixels(), 3}, Kind::real}, {"b", {pixels(), pixels(), grey() ? 1 : 3}, Kind::real}, {"semantic", {pixels(), pixels()}, Kind::integer}};
    palette_ = landscape_palette();
  }
  std::string describe() const override { return described(lit_ ? "scenes" : "scenes at noon", "a, label maps, and b"); }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const auto drawn = scene(index, random);
    to_float(palette_.drawn(drawn->integer, pixels(), pixels()), out.real(0, row).data());
    std::copy(drawn->real.begin(), drawn->real.end(), out.real(1, row).begin());
    std::copy(drawn->integer.begin(), drawn->integer.end(), out.integer(2, row).begin());
  }

 private:
  DrawnStore::Drawn draw(Random& draws, const Window& window) const override {
    LandscapeRendering r = render(draw_landscape(lit_, draws), pixels(), window);
    if (grey()) r.image = luma({pixels(), pixels(), 3, std::move(r.image)});
    return {std::move(r.image), std::move(r.semantic)};
  }
  bool lit_ = true;
};

}  // namespace

std::unique_ptr<Dataset> open_landscapes(const std::string& argument, const Options& options) {
  Arguments arguments("landscapes:" + argument, argument);
  return std::make_unique<Landscapes>(arguments, options);
}

}  // namespace ganymede::data
