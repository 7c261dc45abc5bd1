// Johnson, Alahi, Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016, arXiv 1603.08155.
//   phi_j: features of VGG-16 behind its relu j, C_j H_j W_j of them; psi_j the same as a matrix [C_j, H_j W_j]; G_j = psi psi^T / (C_j H_j W_j)
//   feat_j(y, t) = |phi_j(y) - phi_j(t)|^2 / (C_j H_j W_j)        style_j(y, s) = |G_j(y) - G_j(s)|_F^2
//   style transfer (pictures):          y = f(x), min  wc feat_3_3(y, x) + ws sum_j style_j(y, s) + wtv TV(y),   j = 1_2, 2_2, 3_3, 4_3
//   super-resolution (low and high):    y = f(low), min  feat_2_2(y, high),  or with loss=pixels  |y - high|^2 / (C H W)
// f ends in a scaled tanh. TV is half the sum of squared differences of neighbours in 0 to 255. VGG's weights never move. The data say which of the two
// is trained. The paper matches the histogram of an enlarged picture to that of the low one afterwards; here nothing follows f but a clip.
#include <algorithm>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/johnson.h"
#include "gan/parts/loss_network.h"
#include "gan/parts/style_picture.h"
#include "gan/uses/stylise.h"
#include "gan/uses/super_resolution.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

const std::vector<std::string> kLayers{"relu1_2", "relu2_2", "relu3_3", "relu4_3"};

size_t layer_setting(const Config& c, const std::string& standard) {
  std::vector<std::string> words{standard};
  for (const std::string& l : kLayers)
    if (l != standard) words.push_back(l);
  const std::string chosen = c.choice("content_layer", words, "of VGG-16, whose features compare contents");
  return size_t(std::find(kLayers.begin(), kLayers.end(), chosen) - kLayers.begin());
}

nn::NormKind norm_setting(const Config& c, const std::vector<std::string>& words) {
  return c.choice("norm", words, "of f; the paper has batch norm, the authors' later style networks instance norm") == "batch" ? nn::NormKind::batch : nn::NormKind::instance;
}

double tanh_scale(const Config& c) { return c.number("tanh_scale", 150 / 127.5, "f ends in this times tanh: 1 in the paper, 150/127.5 in the authors' code", 1e-6); }
nn::Optim adam_of(const Config& c) { return nn::adam(c.number("rate", 1e-3, "learning rate of Adam", 0)); }

Recipe super_resolution(const Config& c) {
  const int64_t scale = c.data.scale;
  if (!nets::upscaler_enlarges(scale)) throw UsageError(text("data of scale ", scale, ": perceptual-losses enlarges 2, 4 or 8 times"));
  nets::UpscalerShape s;
  s.channels = int(c.data.channels), s.scale = int(scale);
  s.width = int(c.integer("width", 32, "channels of f; 64 in the paper", 1, 4096));
  s.blocks = int(c.integer("blocks", 4, "residual blocks of f", 0, 1024));
  s.norm = norm_setting(c, {"batch", "instance"});
  const bool features = c.choice("loss", {"features", "pixels"}, "what is compared: features of VGG-16, or pixels") == "features";
  const double reach = tanh_scale(c);

  Recipe r;
  const nn::Net f = r.net("f", nets::upscaler(s));
  const size_t layer = features ? layer_setting(c, "relu2_2") : 0;
  const auto taps = features ? vgg_loss_network(r, c, 16, int(layer) + 1, 2).taps : std::function<Tensors(const Tensor&)>{};
  r.update("f", {f}, adam_of(c), [=](const Batch& b) -> Losses {
    const Tensor y = reach * f(b["low"]), squares = nn::mse(y, b["high"]);
    Losses l;
    if (features) l.push_back({kLayers[layer], nn::mse(taps(y)[layer], taps(b["high"])[layer]), "|phi(f(low)) - phi(high)|^2 / (C H W)"});
    else l.push_back({"mse", squares, "E (f(low) - high)^2"});
    l.push_back(shown("psnr", decibels(squares * 0.25), "-10 log10 E (f(low) - high)^2 / 4"));
    return l;
  });
  Enlarger e{.name = features ? "features" : "pixels", .scale = scale, .channels = c.data.channels, .picture = {}};
  e.picture = [=](const Tensor& low) { return clamp(reach * f(low), -1, 1); };
  add_super_resolution_uses(r, e);
  return r;
}

Recipe style_transfer(const Config& c) {
  nets::StyliserShape s;
  s.channels = int(c.data.channels);
  s.width = int(c.integer("width", 16, "channels of f next to the pictures; 32 in the paper", 1, 4096));
  s.blocks = int(c.integer("blocks", 2, "residual blocks of f; 5 in the paper", 0, 128));
  const int64_t border = nets::styliser_border(s.blocks), least = std::min(c.data.size, c.data.width);
  if (c.data.size % 4 || c.data.width % 4) throw UsageError(text("pictures of ", c.data.width, "x", c.data.size, ": sides must be multiples of 4; set --size"));
  if (least <= border) throw UsageError(text("setting blocks=", s.blocks, ": so many reflect ", border, " px at each side, pictures of ", least, " px hold ", least - 1, "; set fewer, or a larger --size"));
  s.norm = norm_setting(c, {"instance", "batch"});
  const double reach = tanh_scale(c);
  const std::string file = c.path("style", "the picture whose style is transferred; without one a mosaic is drawn");
  const int64_t side = c.integer("style_size", std::max<int64_t>(64, least), "pixels of its shorter side, to which it is scaled", 16, 4096);

  Recipe r;
  const nn::Net f = r.net("f", nets::styliser(s));
  const LossNetwork vgg = vgg_loss_network(r, c, 16, int(kLayers.size()), 2);
  const size_t layer = layer_setting(c, vgg.given ? "relu2_2" : "relu3_3");
  const double content_weight = c.number("content", 1, "weight of the content", 0);
  const double style_weight = c.number("style_weight", vgg.given ? 8e3 : 3, "weight of the style, in each of four layers; 5 in the authors' code, whose VGG sees pictures 58 times as large", 0);
  const bool mean_of_grams = c.choice("gram", vgg.given ? std::vector<std::string>{"mean", "sum"} : std::vector<std::string>{"sum", "mean"}, "over a Gram matrix's squared differences; the authors' code takes the mean") == "mean";
  const double tv = c.number("tv", 3e-8, "weight of the total variation; 1e-6 in the authors' code", 0);
  const auto taps = vgg.taps;
  const auto grams_of = [](const Tensors& features) {
    Tensors g;
    for (const Tensor& t : features) g.push_back(cast(nn::gram_matrix(t), context().dtype));
    return g;
  };
  // The style's Gram matrices are kept with the model, so a checkpoint needs neither the picture nor VGG.
  const Tensor picture = style_picture(c.trains ? file : "", side, s.channels);
  const bool at_hand = c.trains || vgg.at_hand;
  const Tensors of_style = at_hand ? grams_of(taps(picture)) : Tensors{};
  Tensors wanted;
  for (size_t j = 0; j < kLayers.size(); ++j) wanted.push_back(r.keep(text("gram", j + 1), at_hand ? of_style[j] : zeros({1, int64_t{64} << j, int64_t{64} << j})));
  const Tensor shown_style = r.keep("style", resize(picture, c.data.size, c.data.width, Interpolation::linear, false, true));

  StyleTransfer t;
  t.name = "f(x)", t.channels = s.channels, t.border = border;
  t.picture = shown_style;
  t.map = [=](const Tensor& x) { return clamp(reach * f(x), -1, 1); };
  t.content = [=](const Tensor& y, const Tensor& x) { return nn::mse(taps(y)[layer], taps(x)[layer]); };
  const auto style_of = [=](const Tensors& features) {
    const Tensors grams = grams_of(features);
    Tensor total;
    for (size_t j = 0; j < grams.size(); ++j) {
      const double share = double(grams[j].dim(0)) * (mean_of_grams ? double(grams[j].dim(1) * grams[j].dim(2)) : 1.0);
      const Tensor one = sum(square(grams[j] - wanted[j])) / share;
      total = j ? total + one : one;
    }
    return total;
  };
  t.style = [=](const Tensor& y) { return style_of(taps(y)); };

  r.update("f", {f}, adam_of(c), [=](const Batch& b) -> Losses {
    const Tensor y = reach * f(b.image());
    const Tensors features = taps(y);
    Losses l{{"content", content_weight * nn::mse(features[layer], taps(b.image())[layer]), text(content_weight, " |phi(f(x)) - phi(x)|^2 / (C H W), ", kLayers[layer])},
             {"style", style_weight * style_of(features), text(style_weight, " sum_j |G_j(f(x)) - G_j(s)|^2")}};
    if (tv > 0) l.push_back({"tv", tv * nn::squared_variation(y * 127.5), text(tv, " TV(f(x))")});
    return l;
  });
  add_style_transfer_uses(r, t);
  return r;
}

}  // namespace

Recipe perceptual_losses(const Config& c) { return c.data.scale > 1 ? super_resolution(c) : style_transfer(c); }

}  // namespace ganymede
