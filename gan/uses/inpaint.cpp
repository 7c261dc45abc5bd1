#include "gan/uses/inpaint.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/uses/sample_measures.h"
#include "gan/uses/translate.h"

namespace ganymede {
namespace {

// The part of a picture that holds all of a hole and `around` pixels beside it.
struct Window {
  int64_t top, left, height, width;
  Tensor of(const Tensor& x) const { return slice(slice(x, 1, top, top + height), 2, left, left + width); }
  Tensor back(const Tensor& part, const Tensor& whole) const {   // as large as the whole, zeros around
    return pad_zero(part, {0, top, left, 0}, {0, whole.dim(1) - top - height, whole.dim(2) - left - width, 0});
  }
};
Window window_of(const Tensor& hole, int64_t around) {
  const int64_t h = hole.dim(1), w = hole.dim(2);
  if (around == 0) return {0, 0, h, w};
  const std::vector<double> v = hole.to_doubles();
  int64_t top = h, left = w, bottom = 0, right = 0;
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x)
      if (v[size_t(y * w + x)] > 0) top = std::min(top, y), bottom = std::max(bottom, y + 1), left = std::min(left, x), right = std::max(right, x + 1);
  top = std::max<int64_t>(0, top - around), left = std::max<int64_t>(0, left - around);
  return {top, left, std::min(h, bottom + around) - top, std::min(w, right + around) - left};
}

Task inpaint_task(const std::function<Tensor(const Tensor&, const Tensor&)>& fill, int64_t channels, int64_t most) {
  const auto run = [=](const TaskInput& in) {
    const int64_t around = in.settings.integer("around", 0, "pixels beside the hole that are looked at; 0: the whole picture", 0, 1 << 20);
    in.settings.check_all_read();
    if (in.pictures.size() % 2) throw UsageError("task inpaint: it takes PICTURE MASK pairs, so an even number of pictures, not " + std::to_string(in.pictures.size()));
    Results results;
    for (size_t i = 0; i < in.pictures.size(); i += 2) {
      const NamedPicture &picture = in.pictures[i], &mask = in.pictures[i + 1];
      if (mask.picture.height != picture.picture.height || mask.picture.width != picture.picture.width)
        throw UsageError(text("mask ", mask.name, ": ", mask.picture.width, "x", mask.picture.height, ", but ", picture.name, " is ", picture.picture.width, "x", picture.picture.height, "; a mask is as large as its picture"));
      const Tensor x = network_input(picture, "picture", channels), hole = hole_of(network_input(mask, "picture", 1), mask.name);
      const Window w = window_of(hole, around);
      if (most && w.height * w.width > most)
        throw UsageError(text(picture.name, ": ", w.width, "x", w.height, " pixels are to be looked at, the model can take ", most, " together; set around= to ", around ? "fewer" : "a number of", " pixels beside the hole, or fill smaller holes"));
      const Tensor part = w.of(x), inside = w.of(hole);
      results.add(picture.name, x * (1.0 - hole) + w.back(fill(part * (1.0 - inside), inside) * inside, x));
    }
    return results.take();
  };
  return {"inpaint", "PICTURE MASK...", "each picture with the light part of the mask behind it filled, of any size; the rest stays as it is", 2, 1 << 20, run};
}

// Differences of neighbours in the two directions, each with what is 1 where both pixels are in the hole, and where one of them is.
struct Neighbours {
  Tensor difference, inside, across;
};
std::vector<Neighbours> neighbours(const Tensor& x, const Tensor& hole) {
  std::vector<Neighbours> all;
  for (const int axis : {1, 2}) {
    const auto pair = [&](const Tensor& t) { return std::pair{slice(t, axis, 0, t.dim(axis) - 1), slice(t, axis, 1, t.dim(axis))}; };
    const auto [a, b] = pair(x);
    const auto [of_a, of_b] = pair(hole);
    all.push_back({abs(a - b), of_a * of_b, abs(of_a - of_b)});
  }
  return all;
}

}  // namespace

Tensor hole_of(const Tensor& mask, const std::string& name) {
  const Tensor hole = cast(greater(mean(mask, {3}, true), full({1}, 0, mask.dtype(), mask.device())), mask.dtype());
  const double share = mean(hole).item();
  if (share == 0 || share == 1) throw UsageError(text(name, ": a mask needs light pixels, which are drawn anew, and dark ones, which are kept; all of this one's are ", share == 0 ? "dark" : "light"));
  return hole;
}

Tensor smoothly_filled(const Tensor& holed, const Tensor& hole) {
  const Tensor known = 1.0 - hole;
  const int64_t h = hole.dim(1), w = hole.dim(2);
  if (std::max(h, w) == 1) return holed;
  // Of two by two pixels the mean of those that are known; the last row and column stand for themselves where there is no pair.
  const PadAmounts even{.right = w % 2, .bottom = h % 2};
  const auto halved = [&](const Tensor& x) { return average_pool(pad(x, even, Padding::zero), {}); };
  const Tensor weight = halved(known), some = cast(greater(weight, full({1}, 0, weight.dtype(), weight.device())), weight.dtype());
  const Tensor coarse = smoothly_filled(halved(holed * known) / (weight + (1.0 - some)), 1.0 - some);
  return holed * known + resize(coarse, h, w, Interpolation::linear) * hole;
}

void add_inpainting_uses(Recipe& r, const Config& c, const Inpainter& p) {
  const int64_t channels = c.data.channels;
  const auto holed = [](const Batch& b) { return b.image() * (1.0 - b["mask"]); };
  const auto fill = [=](const Tensor& x, const Tensor& hole) {
    const auto of_both = [&](const Tensor& both) { return p.fill(slice(both, 3, 0, channels), slice(both, 3, channels, channels + 1)); };
    return in_chunks([&](const Tensor& both) { return translated({of_both, channels + 1, p.unit}, both); }, concat({x, hole}, 3), 64);
  };
  const auto made = [=](const Batch& b) { return fill(holed(b), b["mask"]); };
  r.sample = [=](int64_t n, const Batch& b) { return made({n, {{"image", b.image().rows(0, n)}, {"mask", b["mask"].rows(0, n)}}}); };
  r.columns = [=](const Batch& b) -> std::vector<Column> { return {{"input", holed(b) + b["mask"]}, {"output", made(b)}, {"picture", b.image()}}; };
  r.tasks.push_back(inpaint_task(fill, channels, p.most));
  r.maps.push_back(picture_map("inpaint", "the pictures with their holes filled, of pictures and, as the last channel, a plane that is 1 in the hole and 0 elsewhere; what a picture holds there is not looked at",
                               [=](const Tensor& both) {
                                 const Tensor hole = slice(both, 3, channels, channels + 1);
                                 return p.fill(slice(both, 3, 0, channels) * (1.0 - hole), hole);
                               }, channels + 1, p.unit));

  const auto off = [](const Tensor& y, const Batch& b) { return std::pair{sum(abs(y - b.image()) * b["mask"]).item(), sum(b["mask"]).item() * double(y.dim(3))}; };
  r.measures.push_back(quotient_measure("hole_l1", "mean |output - picture| in holes, pixels in [-1, 1]; 0 is best", [=](const Batch& b) { return off(made(b), b); }));
  r.measures.push_back(quotient_measure("smooth_l1", "the same of holes filled by means of what lies around them, without a network", [=](const Batch& b) { return off(smoothly_filled(holed(b), b["mask"]), b); }));
  const auto beside_truth = [=](Tensor Neighbours::*where) {
    return [=](const Batch& b) {
      const auto total = [&](const Tensor& x) {
        double all = 0;
        for (const Neighbours& n : neighbours(x, b["mask"])) all += sum(n.difference * n.*where).item();
        return all;
      };
      return std::pair{total(made(b)), total(b.image())};
    };
  };
  r.measures.push_back(quotient_measure("hole_sharpness", "mean difference of neighbouring pixels in holes, of outputs over pictures; 1 is alike, less is blurred, more is noise", beside_truth(&Neighbours::inside)));
  r.measures.push_back(quotient_measure("seam", "the same of neighbours of which one is in the hole and one outside; 1 is alike, more is an edge that can be seen", beside_truth(&Neighbours::across)));
  r.measures.push_back(distance_measure(made));
  r.measures.push_back(lpips_measure("lpips", "perceptual distance of outputs and pictures (LPIPS); 0 is best", [=](const Batch& b) { return std::pair{made(b), b.image()}; }));
}

}  // namespace ganymede
