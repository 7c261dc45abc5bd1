// DeepFill, its second version. Yu, Lin, Yang, Shen, Lu, Huang: Free-Form Image Inpainting with Gated Convolution, ICCV 2019, arXiv 1806.03589; details as in the authors' code.
//   h: 1 in the hole, x_h = (1 - h) x, c, y = G(x_h, h): a coarse filling, and a fine one made of x_h + h c;  x^ = x_h + h y
//   D:  min  E max(0, 1 - D(x, h)) + E max(0, 1 + D(x^, h)), each score of a place and a channel for itself     (eq. 3, SN-PatchGAN)
//   G:  min  -a E D(x^, h) + lambda (E |x - c| + E |x - y|), in which what lies outside of the hole may count less
// G's convolutions are gated, so that it learns what to take from pixels of a hole, and half of the fine pass puts the hole together of patches from outside of it
// (gan/nets/contextual_attention.h). D sees the hole beside the picture.
#include <algorithm>

#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/models.h"
#include "gan/nets/deepfill.h"
#include "gan/nets/unet.h"
#include "gan/uses/inpaint.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// Attention compares each of its places, one for 8x8 pixels, to all: of 1024 x 768 pixels six gigabytes were measured, and they grow with the square.
constexpr int64_t kMostAttended = int64_t{1} << 19;

}  // namespace

Recipe deepfill(const Config& c) {
  nets::FillShape s{.size = int(std::min(c.data.size, c.data.width)), .channels = int(c.data.channels)};
  if (c.data.size % nets::kFillUnit || c.data.width % nets::kFillUnit)
    throw UsageError(text("pictures of ", c.data.width, "x", c.data.size, ": DeepFill takes sides that are multiples of ", nets::kFillUnit, "; set --size"));
  s.width = int(c.integer("width", 8, "channels of G next to the picture, twice and four times as many behind; 24 in the paper", 1, 4096));
  s.gated = c.choice("conv", {"gated", "plain"}, "of G: weighed by a second convolution, or not") == "gated";
  s.refined = c.flag("refine", true, "a second pass behind the coarse one");
  if (s.refined) s.attention = c.flag("attention", true, "a branch of the second pass that puts holes together of patches from outside of them");
  const double gan = c.number("gan", 0.1, "weight of D's opinion; 1 in the paper", 0);
  const double lambda = c.number("lambda", 1, "weight of the distances to the picture", 0);
  const double outside = lambda > 0 ? c.number("outside", 0.2, "how much a pixel outside of the hole counts in them, beside 1 in it; 1 in the paper", 0) : 1;
  if (gan == 0 && lambda == 0) throw UsageError("settings gan=0 lambda=0: nothing is left for G to learn; set one of them");
  const double beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);
  const nn::Optim optim_g = nn::adam(c.number("rate_g", 1e-3, "learning rate of G; 1e-4 in the paper", 0), beta1);

  Recipe r;
  const nn::Net G = r.net("G", nets::fill_generator(s));
  const auto hole = [](const Batch& b) { return b["mask"]; };
  const auto holed = [](const Batch& b) { return b.image() * (1.0 - b["mask"]); };
  // The coarse picture and the fine one side by side in channels, where there are both.
  const int64_t channels = s.channels;
  const SharedValue made = r.shared("G(x_h, h)", {G}, [=](const Batch& b) { return concat(G(Tensors{holed(b), hole(b)}), 3); });
  const auto last = [=](const Tensor& y) { return slice(y, 3, y.dim(3) - channels, y.dim(3)); };
  const auto completed = [=](const Batch& b) { return holed(b) + last(made()) * hole(b); };

  nn::Net D;
  const Adversarial& adv = adversarial("hinge");
  if (gan > 0) {
    const int halvings = nets::halvings_of(c.data.size, c.data.width);
    nets::FillJudgeShape judge{.channels = s.channels, .width = int(c.integer("d_width", 32, "channels of D's first layer, twice and four times as many behind; 64 in the paper", 1, 4096))};
    judge.layers = int(c.integer("d_layers", std::clamp(halvings - 3, 1, 6), "of D, each halving the sides: the more, the larger the parts that it judges; 6 in the paper at 256 px", 1, 8));
    judge.spectral = c.flag("spectral_norm", true, "of D: weights divided by their largest singular value");
    const nn::Optim optim_d = nn::adam(c.number("rate_d", 1e-3, "learning rate of D; 1e-4 in the paper", 0), beta1);
    D = r.net("D", nets::fill_judge(judge));
    r.update("D", {D}, optim_d, [=](const Batch& b) -> Losses {
      const std::vector<Tensors> said = D.each({Tensors{b.image(), hole(b)}, Tensors{completed(b), hole(b)}});
      const Verdict v = adv.judge(said[0][0], said[1][0]);
      return {{"adv", v.loss, formula_of(adv.d_formula, "(x, h)", "(x^, h)")}, shown("real", v.real, "E D(x, h)"), shown("fake", v.fake, "E D(x^, h)")};
    });
  }
  r.update("G", {G}, optim_g, [=](const Batch& b) -> Losses {
    Losses l;
    if (gan > 0) l.push_back({"adv", gan * adv.g(D(Tensors{completed(b), hole(b)})[0]), text(gan, " ", formula_of(adv.g_formula, "(x, h)", "(x^, h)"))});
    const auto off = [&](const Tensor& y) { return outside == 1 ? nn::l1(y, b.image()) : mean(abs(y - b.image()) * (hole(b) * (1 - outside) + outside)); };
    const std::string weighed = outside == 1 ? "" : text(" (h + ", outside, " (1 - h))");
    if (lambda > 0 && s.refined) l.push_back({"coarse", lambda * off(slice(made(), 3, 0, channels)), text(lambda, " E |x - c|", weighed)});
    if (lambda > 0) l.push_back({"l1", lambda * off(last(made())), text(lambda, " E |x - y|", weighed)});
    return l;
  });

  add_inpainting_uses(r, c, {[=](const Tensor& x, const Tensor& h) { return x + last(concat(G(Tensors{x, h}), 3)) * h; }, nets::kFillUnit,
                                s.refined && s.attention ? kMostAttended : 0});
  r.averaged = {G};
  r.average = c.number("ema", 0.995, "decay of an average of G's weights to fill with; 0: none, as in the paper", 0, 0.999999);
  return r;
}

}  // namespace ganymede
