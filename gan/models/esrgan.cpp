// ESRGAN. Wang, Yu, Wu, Gu, Liu, Dong, Loy, Qiao, Tang: ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks, ECCV Workshops 2018, arXiv 1809.00219.
//   first   G:  min  E |x - G(y)|
//   then    G:  min  L_content + lambda [BCE(C(G(y)) - E C(x), 1) + BCE(C(x) - E C(G(y)), 0)] + eta E |x - G(y)|
//           D:  min  BCE(C(x) - E C(G(y)), 1) + BCE(C(G(y)) - E C(x), 0)
// A relativistic average discriminator says whether a picture is more real than those of the other side on the average, so G learns from real pictures too. L_content
// compares features of VGG-19 before their relu, where few are zero. y in [0, 1], x in [-1, 1]. G moves first, then D on the same G(y). G's weights of the first part
// are kept: those between both, (1 - alpha) theta_first + alpha theta, trade faults for details after the training (network interpolation, section 3.4).
// Real-ESRGAN (Wang, Xie, Dong, Shan, ICCVW 2021, arXiv 2107.10833) is discriminator=unet judge=plain content=vgg l1=1 adversarial=0.1 ema=0.999 on data sr:DIR,4,real.
#include <algorithm>
#include <filesystem>
#include <optional>

#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/rrdb.h"
#include "gan/nets/srgan.h"
#include "gan/nets/unet_judge.h"
#include "gan/parts/loss_network.h"
#include "gan/uses/super_resolution.h"
#include "nn/losses.h"
#include "nn/torch.h"

namespace ganymede {
namespace {

// The blocks of VGG-19 that a content compares, and how much each counts.
struct Content {
  std::string name;
  std::vector<double> weights;   // of conv1_2, conv2_2, conv3_4, conv4_4, conv5_4
};
const std::vector<Content> kContents{{"pixels", {}}, {"vgg54", {0, 0, 0, 0, 1}}, {"vgg", {0.1, 0.1, 1, 1, 1}}};

const Content& content_setting(const Config& c) {
  const std::string chosen = c.choice("content", {"pixels", "vgg54", "vgg"}, "what G's pictures are compared in: pixels, VGG-19 before the relu of conv5_4 (the paper's), or of five layers with weights 0.1, 0.1, 1, 1, 1 (Real-ESRGAN's)");
  return *std::find_if(kContents.begin(), kContents.end(), [&](const Content& k) { return k.name == chosen; });
}

// More real than the others on the average, and those less real than it.
Tensor more_real(const Tensor& a, const Tensor& b) { return nn::bce_with_logits(a - mean(b), 1) + nn::bce_with_logits(b - mean(a), 0); }
// How often D is right, of real and made pictures.
Tensor accuracy(const Tensor& on_real, const Tensor& on_fake) { return (mean(greater(on_real, mean(on_fake))) + mean(greater(mean(on_real), on_fake))) * 0.5; }

}  // namespace

Recipe esrgan(const Config& c) {
  const int64_t scale = c.data.scale;
  if (!nets::rrdb_enlarges(scale)) throw UsageError(text("data of scale ", scale, ": esrgan enlarges 2, 4 or 8 times"));
  const std::string file = c.path("weights", "of G to begin with, by the names of BasicSR (scripts/public_weights.sh fetches Real-ESRGAN's); the shape of G is then the file's");
  nets::RrdbShape s{.channels = int(c.data.channels), .scale = int(scale), .width = 32, .growth = 16, .blocks = 3};
  std::optional<SafetensorsFile> weights;
  if (!file.empty() && (c.trains || std::filesystem::exists(file))) weights = SafetensorsFile::read(file), s = nets::rrdb_shape(*weights);
  if (s.channels != c.data.channels || s.scale != scale)
    throw UsageError(text("setting weights=", file, ": a network of ", s.channels, " channels that enlarges ", s.scale, " times, the data have ", c.data.channels, " and a scale of ", scale));
  s.width = int(c.integer("width", s.width, "channels of G; 64 in the paper", 1, 4096));
  s.growth = int(c.integer("growth", s.growth, "channels that a convolution of a dense block adds; 32 in the paper", 1, 4096));
  s.blocks = int(c.integer("blocks", s.blocks, "residual-in-residual dense blocks of G; 23 in the paper", 1, 1024));
  const bool adversary = c.choice("objective", {"esrgan", "psnr"}, "psnr: pixels alone, to the end") == "esrgan";
  const double rate = c.number("rate", 2e-3, "learning rate of the pixels' part, halved after each fifth of it; 2e-4 in the paper", 0), beta1 = c.number("beta1", 0.9, "Adam", 0, 0.999999);

  Recipe r;
  const nn::Net G = r.net("G", nets::rrdb(s));
  if (weights && c.trains) nn::read_torch(G, *weights);
  const auto enlarged = [](const nn::Net& net, const Tensor& low) { return net(low * 0.5 + 0.5) * 2.0 - 1.0; };
  const auto made = [=](const Batch& b) { return enlarged(G, b["low"]); };
  const auto decibels_of = [](const Tensor& y, const Tensor& x) { return shown("psnr", decibels(nn::mse(y, x) * 0.25), "-10 log10 E (x - G(y))^2 / 4"); };
  const auto add_pixels = [&](int64_t iterations) {
    r.update("G", {G}, nn::adam(rate, beta1).with(nn::halve_every(std::max<int64_t>(1, iterations / 5))), [=](const Batch& b) -> Losses {
      const Tensor y = made(b);
      return {{"l1", nn::l1(y, b["high"]), "E |x - G(y)|"}, decibels_of(y, b["high"])};
    });
  };

  Enlarger e{.name = adversary ? "ESRGAN" : "RRDB", .scale = scale, .channels = c.data.channels, .picture = {}};
  e.picture = [=](const Tensor& low) { return clamp(enlarged(G, low), -1, 1); };
  if (!adversary) add_pixels(c.steps > 0 ? c.steps : 1000000);

  if (adversary) {
    const int64_t before = c.integer("pretrain", !file.empty() ? 0 : c.steps > 0 ? c.steps * 2 / 3 : 2000, "iterations by pixels alone before D begins", 0);
    if (c.steps > 0 && before >= c.steps) throw UsageError(text("setting pretrain=", before, ": the run has ", c.steps, " iterations, so none remain for D; set objective=psnr or more --steps"));
    if (before > 0) r.stage("PSNR", before), add_pixels(before);
    const Tensor first = r.keep("first", zeros_like(G.flat())), begun = r.keep("begun", zeros({1}));   // G's weights when D began; 1 since then
    r.stage("ESRGAN", 0, [=] { assign(first, G.flat()), assign(begun, ones({1})); });
    const Content& content = content_setting(c);
    const bool vgg = !content.weights.empty();
    const auto taps = vgg ? vgg_loss_network(r, c, 19, 5, 4, nets::Tap::linear).taps : std::function<Tensors(const Tensor&)>{};
    const double content_weight = vgg ? c.number("content_weight", 1, "of the content", 0) : 0;
    const double pixels = c.number("l1", vgg ? 1e-2 : 1, "eta, weight of the pixels; 1e-2 in the paper", 0), weight = c.number("adversarial", vgg ? 5e-3 : 2e-3, "lambda, weight of the adversarial term; 5e-3 in the paper, beside features", 0);
    const bool relativistic = c.choice("judge", {"relativistic", "plain"}, "D compares pictures with those of the other side, or says of each alone how real it is (SRGAN's)") == "relativistic";
    const bool unet = c.choice("discriminator", {"vgg", "unet"}, "D judges the whole picture (SRGAN's network), or each pixel (Real-ESRGAN's)") == "unet";
    if (unet && (c.data.size % 8 || c.data.width % 8)) throw UsageError(text("setting discriminator=unet: pictures of ", c.data.width, "x", c.data.size, ": sides must be multiples of 8; set --size"));
    nets::SrganJudge judge;
    judge.channels = s.channels, judge.height = c.data.size, judge.width = c.data.width;
    judge.filters = int(c.integer("d_width", 16, "channels of D's first layer; 64 in the papers", 1, 4096));
    const nn::Net D = r.net("D", unet ? nets::unet_judge(judge.channels, judge.filters) : nets::srgan_discriminator(judge));
    const int64_t rest = c.steps > 0 ? c.steps - before : 400000;
    const auto adam = nn::adam(c.number("d_rate", 1e-4, "learning rate of D, and of G beside it; halved after an eighth, a quarter, a half and three quarters", 0), beta1)
                          .with(nn::milestones({std::max<int64_t>(1, rest / 8), std::max<int64_t>(2, rest / 4), std::max<int64_t>(3, rest / 2), std::max<int64_t>(4, rest * 3 / 4)}, 0.5));

    const SharedValue fake = r.shared("fake", {G}, made);
    r.update("G", {G}, adam, [=](const Batch& b) -> Losses {
      const Tensor y = fake(), x = b["high"];
      Losses l;
      if (vgg) {
        const Tensors of_y = taps(y), of_x = taps(x);
        Tensor total;
        for (size_t i = 0; i < of_y.size(); ++i)
          if (content.weights[i] > 0) {
            const Tensor one = content.weights[i] * content_weight * nn::l1(of_y[i], of_x[i]);
            total = total ? total + one : one;
          }
        l.push_back({content.name, total, text(content_weight, " E |phi(x) - phi(G(y))|")});
      }
      if (relativistic) {
        const Tensors said = D.each({x, y});
        l.push_back({"adv", weight * more_real(said[1], said[0]), text(weight, " [BCE(C(G(y)) - E C(x), 1) + BCE(C(x) - E C(G(y)), 0)]")});
      } else {
        l.push_back({"adv", weight * nn::bce_with_logits(D(y), 1), text("-", weight, " E log D(G(y))")});
      }
      if (pixels > 0) l.push_back({"l1", pixels * nn::l1(y, x), text(pixels, " E |x - G(y)|")});
      l.push_back(decibels_of(y, x));
      return l;
    });
    r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
      const Tensors said = D.each({b["high"], fake()});
      const Tensor loss = relativistic ? more_real(said[0], said[1]) : nn::bce_with_logits(said[0], 1) + nn::bce_with_logits(said[1], 0);
      return {{"adv", loss, relativistic ? "BCE(C(x) - E C(G(y)), 1) + BCE(C(G(y)) - E C(x), 0)" : "-E log D(x) - E log(1 - D(G(y)))"}, shown("accuracy", accuracy(said[0], said[1]), "share that lies on its side of the other side's mean")};
    });
    e.between = [=](double alpha) -> std::function<Tensor(const Tensor&)> {
      const nn::Net mixed("between", nets::rrdb(s));
      const double back = (1 - alpha) * begun.item();   // before D began there is one set of weights
      assign(mixed.flat(), first * back + G.flat() * (1 - back));
      return [=](const Tensor& low) { return clamp(enlarged(mixed, low), -1, 1); };
    };
  }
  add_super_resolution_uses(r, e);
  r.average = c.number("ema", 0, "decay of an average of G's weights to enlarge with; 0: none (0.999 in Real-ESRGAN)", 0, 0.999999);
  r.averaged = {G};
  return r;
}

}  // namespace ganymede
