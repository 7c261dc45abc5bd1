#include "gan/parts/loss_network.h"

#include <algorithm>
#include <filesystem>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/metrics/features_file.h"

namespace ganymede {
namespace {

metrics::FeatureNetwork read_vgg(const std::string& file, int layers) {
  metrics::FeatureNetwork network = metrics::read_features(file);
  if (network.module->type() != text("vgg", layers)) throw UsageError(text(file, ": holds ", network.name, "; the paper's features are vgg", layers, "'s"));
  return network;
}

}  // namespace

LossNetwork vgg_loss_network(Recipe& r, const Config& c, int layers, int blocks, int standard, nets::Tap tap) {
  const std::string file = c.path("vgg", text("VGG-", layers, " from scripts/public_weights.sh or convert_features.py; without a file its weights are random"));
  const int64_t divisor = file.empty() ? c.integer("vgg_divisor", standard, text("of the widths of a VGG-", layers, " with random weights; 1: as they are"), 1, 64) : 1;
  if (64 % divisor != 0) throw UsageError(text("setting vgg_divisor=", divisor, ": it must divide 64, so 1, 2, 4, 8, 16, 32 or 64"));
  if (std::min(c.data.size, c.data.width) < 16) throw UsageError(text("VGG-", layers, " takes pictures of at least 16 px, these have ", std::min(c.data.size, c.data.width), "; set --size"));
  std::function<Tensors(const Tensor&)> taps;
  if (file.empty()) {
    taps = [net = r.net("vgg", nets::vgg_convolutions(layers, blocks, int(divisor), tap))](const Tensor& x) { return net(Tensors{x}); };
  } else {
    const auto network = std::make_shared<metrics::FeatureNetwork>();
    if (c.trains) *network = read_vgg(file, layers);
    taps = [=](const Tensor& x) {
      if (!network->module) *network = read_vgg(file, layers);
      return nets::vgg_taps(*network->module, x, blocks, tap);
    };
  }
  LossNetwork n;
  n.taps = [taps, normalise = nets::imagenet_normaliser(context().dtype, context().device)](const Tensor& x) { return taps(normalise(x.dim(3) == 1 ? concat({x, x, x}, 3) : x)); };
  n.given = !file.empty();
  n.at_hand = file.empty() || std::filesystem::exists(file);
  return n;
}

Tensor perceptual_distance(const Tensors& a, const Tensors& b) {
  const auto direction = [](const Tensor& f) { return mul(f, rsqrt(sum(square(f), {3}, true) + 1e-10)); };
  Tensor all;
  for (size_t i = 0; i < a.size(); ++i) {
    const Tensor d = mean(sum(square(direction(a[i]) - direction(b[i])), {3}));
    all = all ? all + d : d;
  }
  return all;
}

}  // namespace ganymede
