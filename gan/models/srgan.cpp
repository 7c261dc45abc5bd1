// SRResNet and SRGAN. Ledig et al.: Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network, CVPR 2017,
// arXiv 1609.04802.
//   first   G:  min  E (x - G(y))^2                                                                SRResNet
//   then    D:  min  -E log D(x) - E log(1 - D(G(y)))
//           G:  min  E (phi(x) - phi(G(y)))^2 / 12.75^2 - 1/1000 E log D(G(y))                     SRGAN
// phi are features of VGG-19 behind their relu (conv2_2 or conv5_4), or with content=mse the pixels (the paper's SRGAN-MSE). y in [0, 1],
// x in [-1, 1]. D moves first, then G through the D that has moved. After half of SRGAN's iterations the rates fall to a tenth.
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/srgan.h"
#include "gan/parts/loss_network.h"
#include "gan/uses/super_resolution.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

constexpr double kFeatureScale = 12.75;   // features are divided by it, which makes their error that of pixels

// How often D is right, of real and made pictures.
Tensor told_right(const Tensor& on_real, const Tensor& on_fake) {
  const Tensor none = on_real * 0.0;
  return (mean(greater(on_real, none)) + mean(greater(none, on_fake))) * 0.5;
}

}  // namespace

Recipe srgan(const Config& c) {
  const int64_t scale = c.data.scale;
  if (!nets::srresnet_enlarges(scale)) throw UsageError(text("data of scale ", scale, ": srgan enlarges 2, 3, 4 or 8 times"));
  const bool adversary = c.choice("objective", {"srgan", "srresnet"}, "srresnet: pixels alone, to the end") == "srgan";
  nets::SrresnetShape s;
  s.channels = int(c.data.channels), s.scale = int(scale);
  s.width = int(c.integer("width", 32, "channels of G; 64 in the paper", 1, 4096));
  s.blocks = int(c.integer("blocks", 4, "residual blocks of G; 16 in the paper", 0, 1024));
  s.slopes_per_channel = c.choice("slopes", {"layer", "channel"}, "a PReLU has one slope, or one a channel") == "channel";
  s.tanh = c.choice("output", {"linear", "tanh"}, "what G ends in") == "tanh";
  s.gain = nn::init::normal(1, 0.02);
  const double rate = c.number("rate", 1e-3, "learning rate of the pixels' part; 1e-4 in the paper", 0), beta1 = c.number("beta1", 0.9, "Adam", 0, 0.999999);

  Recipe r;
  const nn::Net G = r.net("G", nets::srresnet(s));
  const auto made = [=](const Batch& b) { return G(b["low"] * 0.5 + 0.5); };
  const auto pixels = [=](const Tensor& y, const Tensor& x) { return nn::mse(y, x); };
  const auto decibels_of = [](const Tensor& squares) { return shown("psnr", decibels(squares * 0.25), "-10 log10 E (x - G(y))^2 / 4"); };
  const auto add_pixels = [&] {
    r.update("G", {G}, nn::adam(rate, beta1), [=](const Batch& b) -> Losses {
      const Tensor squares = pixels(made(b), b["high"]);
      return {{"mse", squares, "E (x - G(y))^2"}, decibels_of(squares)};
    });
  };
  if (!adversary) add_pixels();

  if (adversary) {
    const int64_t before = c.integer("pretrain", c.steps > 0 ? c.steps * 2 / 3 : 2000, "iterations by pixels alone before D begins", 0);
    if (c.steps > 0 && before >= c.steps) throw UsageError(text("setting pretrain=", before, ": the run has ", c.steps, " iterations, so none remain for D; set objective=srresnet or more --steps"));
    if (before > 0) r.stage("SRResNet", before), add_pixels();
    r.stage("SRGAN", 0);
    const std::string content = c.choice("content", {"mse", "vgg22", "vgg54"}, "what G's pictures are compared in: pixels, or VGG-19 behind conv2_2 or conv5_4");
    const bool vgg = content != "mse";
    const auto taps = vgg ? vgg_loss_network(r, c, 19, content == "vgg54" ? 5 : 2, 4).taps : std::function<Tensors(const Tensor&)>{};
    const double content_weight = c.number("content_weight", 1, "of the content", 0), weight = c.number("adversarial", 1e-3, "weight of the adversarial term", 0);
    const double tv = c.number("tv", content == "vgg22" ? 2e-8 : 0, "weight of the total variation", 0);
    const double d_rate = c.number("d_rate", 1e-4, "learning rate of D, and of G beside it", 0);
    nets::SrganJudge judge;
    judge.channels = s.channels, judge.height = c.data.size, judge.width = c.data.width, judge.gain = s.gain;
    judge.filters = int(c.integer("d_width", 32, "channels of D's first layer; 64 in the paper", 1, 4096));
    const nn::Net D = r.net("D", nets::srgan_discriminator(judge));
    nn::Optim adam = nn::adam(d_rate, beta1);
    if (const int64_t half = (c.steps - before) / 2; half > 0) adam = adam.with(nn::milestones({half}, 0.1));

    const SharedValue fake = r.shared("fake", {G}, made);
    r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
      const Tensors said = D.each({b["high"], fake()});
      return {{"real", nn::bce_with_logits(said[0], 1), "-E log D(x)"}, {"fake", nn::bce_with_logits(said[1], 0), "-E log(1 - D(G(y)))"}, shown("accuracy", told_right(said[0], said[1]), "share that D tells right")};
    });
    r.update("G", {G}, adam, [=](const Batch& b) -> Losses {
      const Tensor y = fake(), squares = pixels(y, b["high"]);
      Losses l;
      if (vgg) l.push_back({content, content_weight / (kFeatureScale * kFeatureScale) * nn::mse(taps(y).back(), taps(b["high"]).back()), text(content_weight, " E (phi(x) - phi(G(y)))^2 / 12.75^2")});
      else l.push_back({"mse", content_weight * squares, text(content_weight, " E (x - G(y))^2")});
      l.push_back({"adv", weight * nn::bce_with_logits(D(y), 1), text("-", weight, " E log D(G(y))")});
      if (tv > 0) l.push_back({"tv", tv * nn::total_variation(y), text(tv, " E TV(G(y))")});
      l.push_back(decibels_of(squares));
      return l;
    });
  }

  Enlarger e{.name = adversary ? "SRGAN" : "SRResNet", .scale = scale, .channels = c.data.channels, .picture = {}};
  e.picture = [=](const Tensor& low) { return clamp(G(low * 0.5 + 0.5), -1, 1); };
  add_super_resolution_uses(r, e);
  return r;
}

}  // namespace ganymede
