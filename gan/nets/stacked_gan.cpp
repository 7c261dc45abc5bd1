#include "gan/nets/stacked_gan.h"

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/labelled.h"
#include "nn/blocks.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

using nn::Layer;

void append(std::vector<Layer>& to, const std::vector<Layer>& more) { to.insert(to.end(), more.begin(), more.end()); }
Layer stacked_norm(int channels) { return nn::batch_norm(channels, 1e-6); }
// A linear layer, norm and relu.
std::vector<Layer> hidden(int in, int out) { return {nn::linear(in, out, false), stacked_norm(out), nn::relu()}; }

// Side of the lowest maps of E and G0: two convolutions of 5 pixels without padding, each halved behind.
int base(const StackedSize& s) {
  if (s.size < 16 || s.size % 4 != 0) throw UsageError(text("a picture size of ", s.size, ": stacked-gan takes multiples of 4 from 16; set --size"));
  return (s.size - 12) / 4;
}

// net(Tensors{z, features}): what two hidden layers make of z (one for MNIST) beside the features, then pictures.
class PictureGenerator : public nn::Module {
 public:
  PictureGenerator(Layer noise, Layer both) : noise_(std::move(noise)), both_(std::move(both)) {}
  Tensor forward(const Tensor&) override { fail("stacked-gan's G0: takes noise and features, two tensors"); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == 2, "stacked-gan's G0: takes noise and features; was given ", xs.size(), " tensors");
    const Tensor n = noise_->forward(xs[0]);
    nn::LayerTrace::note("noise", *noise_, n);
    return {both_->forward(concat({cast(xs[1], n.dtype()), n}, 1))};
  }
  void visit(const nn::Visit& v) override { v("noise", *noise_), v("both", *both_); }
  std::string type() const override { return "picture_generator"; }
 private:
  Layer noise_, both_;
};

}  // namespace

Layer stacked_encoder(const StackedSize& s) {
  const int side = base(s), w = s.width, next = s.cifar ? 2 * w : w;
  const auto conv = [](int in, int out) { return nn::conv(in, out, {.kernel = 5, .weight = nn::init::normal(0, 0.01)}); };
  return nn::sequential({conv(s.channels, w), nn::relu(), nn::max_pool(), conv(w, next), nn::relu(), nn::max_pool(), nn::reshape_to({next * side * side}),
                         nn::linear(next * side * side, s.features(), true, nn::init::normal(0, 0.01)), nn::relu()});
}

Layer stacked_feature_generator(const StackedSize& s) {
  const int f = s.features();
  const auto rest = [&](int in) {
    std::vector<Layer> layers = hidden(in, 2 * f);
    append(layers, hidden(2 * f, 2 * f));
    append(layers, {nn::linear(2 * f, f), nn::relu()});
    return layers;
  };
  if (s.cifar) return joined(nn::sequential(hidden(s.upper, f)), of_label(s.classes, nn::sequential(hidden(s.classes, 2 * f))), nn::sequential(rest(3 * f)));
  std::vector<Layer> layers{append_label(s.classes)};
  append(layers, rest(s.upper + s.classes));
  return nn::sequential(std::move(layers));
}

Layer stacked_picture_generator(const StackedSize& s) {
  const int side = base(s), f = s.features(), of_noise = f / 2, w = s.width;
  std::vector<Layer> noise = hidden(s.lower, of_noise);
  if (s.cifar) append(noise, hidden(of_noise, of_noise));
  // Channels of the maps, coarsest first.
  const std::vector<int> maps = s.cifar ? std::vector<int>{f, f, 2 * w, 2 * w} : std::vector<int>{4 * w, 4 * w, 2 * w, 2 * w};
  std::vector<Layer> both = hidden(f + of_noise, maps[0] * side * side);
  both.push_back(nn::reshape_to({side, side, maps[0]}));
  const auto doubled = [](int in, int out) { return nn::deconv(in, out, {.kernel = 5, .stride = 2, .padding = 2, .output_padding = 1, .bias = false}); };
  const auto widened = [](int in, int out, bool bias) { return nn::deconv(in, out, {.kernel = 5, .bias = bias}); };
  append(both, {doubled(maps[0], maps[1]), stacked_norm(maps[1]), nn::relu(), widened(maps[1], maps[2], false), stacked_norm(maps[2]), nn::relu(), doubled(maps[2], maps[3]), stacked_norm(maps[3]), nn::relu(),
                widened(maps[3], s.channels, true), nn::sigmoid()});
  return std::make_shared<PictureGenerator>(nn::sequential(std::move(noise)), nn::sequential(std::move(both)));
}

Layer stacked_feature_discriminator(const StackedSize& s) {
  const int f = s.features();
  if (!s.cifar) return with_heads(nn::sequential({nn::linear(f, f), nn::relu(), nn::linear(f, f), nn::relu()}), {{"source", nn::linear(f, 1)}, {"noise", nn::linear(f, s.upper)}});
  return with_heads(nn::sequential({add_noise(0.2), nn::linear(f, 2 * f), nn::leaky_relu(0.2), add_noise(0.2), nn::linear(2 * f, 2 * f, false), stacked_norm(2 * f), nn::leaky_relu(0.2), add_noise(0.2)}),
                    {{"source", nn::linear(2 * f, s.classes)}, {"noise", nn::linear(2 * f, s.upper)}});
}

Layer stacked_picture_discriminator(const StackedSize& s) {
  base(s);
  if (!s.cifar) {
    const int w = s.width, side = (s.size + 7) / 8, f = s.features();
    const auto halved = [](int in, int out) { return nn::conv(in, out, {.kernel = 5, .stride = 2, .padding = 2}); };
    return with_heads(nn::sequential({halved(s.channels, w), nn::leaky_relu(0.2), halved(w, 2 * w), nn::leaky_relu(0.2), halved(2 * w, 4 * w), nn::leaky_relu(0.2),
                                      nn::reshape_to({4 * w * side * side}), nn::linear(4 * w * side * side, f), nn::relu()}),
                      {{"source", nn::linear(f, 1)}, {"noise", nn::linear(f, s.lower)}});
  }
  const int w = s.width * 3 / 2, side = s.size / 4 - 2;
  const auto conv = [](int in, int out, int stride, int padding, bool bias = false) { return nn::conv(in, out, {.kernel = 3, .stride = stride, .padding = padding, .bias = bias}); };
  const Layer leaky = nn::leaky_relu(0.2);
  return with_heads(nn::sequential({add_noise(0.05), conv(s.channels, w, 1, 1, true), leaky, conv(w, w, 2, 1), stacked_norm(w), leaky, nn::dropout(0.7), conv(w, 2 * w, 1, 1), stacked_norm(2 * w), leaky,
                                    conv(2 * w, 2 * w, 2, 1), stacked_norm(2 * w), leaky, nn::dropout(0.7), conv(2 * w, 2 * w, 1, 0), stacked_norm(2 * w), leaky,
                                    nn::conv(2 * w, 2 * w, {.kernel = 1}), leaky}),
                    {{"source", nn::sequential({nn::global_mean(), nn::linear(2 * w, s.classes)})},
                     {"noise", nn::sequential({nn::reshape_to({2 * w * side * side}), nn::linear(2 * w * side * side, s.lower)})}});
}

}  // namespace ganymede::nets
