#include "gan/uses/segmenter.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/loader.h"
#include "gan/metrics/judged.h"
#include "gan/nets/unet.h"
#include "gan/parts/known_pictures.h"
#include "gan/trainer.h"
#include "nn/init.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

constexpr const char* kMap = "semantic";
constexpr int64_t kSegmentedPictures = 1000, kSegmentedBatch = 16, kSegmenterSteps = 800;

struct Segmenter {
  nn::Net net;
  int64_t classes = 0;

  // A U-Net of two halvings ends in tanh; ten times that are logits.
  Tensor logits(const Tensor& x) const { return reshape(net(x) * 10.0, Shape{x.dim(0) * x.dim(1) * x.dim(2), classes}); }

  std::vector<int64_t> read(const Tensor& x) const {
    ContextScope scope;
    context().training = false;
    const std::vector<float> v = logits(x).to_floats();
    std::vector<int64_t> best;
    for (auto at = v.begin(); at != v.end(); at += classes) best.push_back(std::max_element(at, at + classes) - at);
    return best;
  }
};

Segmenter trained_segmenter(const DataFacts& facts, const std::string& field) {
  const KnownPictures known(facts, kSegmentedPictures);
  ContextScope scope;
  context().precision = Precision::f32, context().dtype = DType::f32, context().training = true, context().recording = true;
  Segmenter s;
  s.classes = facts.palette.size();
  for (int64_t i = 0; facts.palette.empty() && i < std::min<int64_t>(known.size(), 500); ++i) {
    const data::HostBatch one = facts.read({i});
    for (const int64_t meaning : one.integer(kMap)) s.classes = std::max(s.classes, meaning + 1);
  }
  nn::seed_parameters(1);
  s.net = nn::Net("segmenter", nets::unet({.in = int(known.field(field)->shape.at(2)), .out = int(s.classes), .width = 12, .halvings = std::min(4, nets::halvings_of(facts.size, facts.width)), .bias = true, .dropout = 0}));
  Recipe r;
  r.nets = {s.net};
  r.update("segment", {s.net}, nn::adam(2e-3).with(nn::linear_decay(0, kSegmenterSteps)), [=](const Batch& b) -> Losses {
    return {{"cross_entropy", nn::cross_entropy(s.logits(b[field]), reshape(b[kMap], Shape{b[kMap].count()})), "-E log p(meaning of a pixel)"}};
  });
  const int64_t batch = std::min(kSegmentedBatch, known.size());
  data::Loader loader(known, batch, 1, 1);
  Trainer trainer(r, {.batch = batch, .seed = 1}, known.fields(), &loader);
  for (int64_t i = 0; i < kSegmenterSteps; ++i) trainer.step();
  return s;
}

}  // namespace

void add_segmentation_measures(Recipe& r, const Config& c, const Direction& d, const std::function<Tensor(const Batch&)>& made) {
  if (d.out != 1 && d.out != 3) return;
  const auto kept = std::make_shared<Segmenter>();
  const auto score = [=, facts = c.data](const Evaluation& e, bool real, double (metrics::Confusion::*value)() const) {
    bool known = true;
    e.each_batch([&](const Batch& b) { known &= b.fields.count(kMap) == 1; });
    if (!known) return std::nan("");
    if (!kept->classes) *kept = trained_segmenter(facts, d.target);
    metrics::Confusion confusion(kept->classes);
    e.each_batch([&](const Batch& b) { confusion.add(b[kMap].to_integers(), kept->read(real ? b[d.target] : made(b))); });
    return (confusion.*value)();
  };
  const auto add = [&](const char* name, const char* text, bool real, double (metrics::Confusion::*value)() const) {
    r.measures.push_back({name, text, [=](const Evaluation& e) { return score(e, real, value); }});
  };
  add("fcn_pixels", "share of pixels that a segmenting network, trained on real targets, reads as what they should be; 1 is best; needs data with=semantic", false, &metrics::Confusion::pixel_accuracy);
  add("fcn_classes", "the same, mean over classes", false, &metrics::Confusion::class_accuracy);
  add("fcn_iou", "intersection over union, mean over classes", false, &metrics::Confusion::class_iou);
  add("fcn_real", "fcn_classes of the real targets: what a perfect model would get", true, &metrics::Confusion::class_accuracy);
}

}  // namespace ganymede
