#include "gan/uses/stylise.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/uses/translate.h"

namespace ganymede {
namespace {

Task stylise_task(const StyleTransfer& t) {
  return {"stylise", "PICTURE...", "the pictures in the style that was learned, of any size, under their names", 1, 1 << 20, [t](const TaskInput& in) {
            Results results;
            for (const NamedPicture& p : in.pictures) {
              const Tensor x = network_input(p, "picture", t.channels);
              if (std::min(x.dim(1), x.dim(2)) <= t.border) throw UsageError(text(p.name, ": ", x.dim(2), "x", x.dim(1), " pixels; this network reflects ", t.border, " px at each side and needs more than that"));
              results.add(p.name, translated({t.map, t.channels, 4}, x));
            }
            return results.take();
          }};
}

}  // namespace

void add_style_transfer_uses(Recipe& r, const StyleTransfer& t) {
  const auto made = [=](const Tensor& x) { return in_chunks(t.map, x, 16); };
  r.sample = [=](int64_t n, const Batch& b) { return made(b.image().rows(0, n)); };
  r.columns = [=](const Batch& b) -> std::vector<Column> { return {{"picture", b.image()}, {"style", broadcast_to(t.picture, b.image().shape())}, {t.name, made(b.image())}}; };
  r.tasks.push_back(stylise_task(t));
  r.maps.push_back(picture_map("stylise", "the pictures in the style that was learned", t.map, t.channels, 4));
  const std::string style = "sum over VGG-16's layers of the squared distance of Gram matrices to the style's";
  r.measures.push_back(mean_measure("style", style + ", of results", [=](const Batch& b) { return t.style(made(b.image())).item(); }));
  r.measures.push_back(mean_measure("style_picture", "the same of the pictures that they are made of", [=](const Batch& b) { return t.style(b.image()).item(); }));
  r.measures.push_back({"style_left", "the first over the second: 1 where the style has not changed, 0 where it is the other's", [=](const Evaluation& e) {
                          double left = 0, whole = 0;
                          e.each_batch([&](const Batch& b) { left += double(b.size) * t.style(made(b.image())).item(), whole += double(b.size) * t.style(b.image()).item(); });
                          require(whole > 0, "style_left: the pictures have the style already");
                          return left / whole;
                        }});
  r.measures.push_back(mean_measure("content", "mean squared distance of VGG-16's features of results to those of the pictures", [=](const Batch& b) { return t.content(made(b.image()), b.image()).item(); }));
}

}  // namespace ganymede
