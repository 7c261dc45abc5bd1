// ESPCN. Shi, Caballero, Huszar, Totz, Aitken, Bishop, Rueckert, Wang: Real-Time Single Image and Video Super-Resolution Using an
// Efficient Sub-Pixel Convolutional Neural Network, CVPR 2016, arXiv 1609.05158.
//   f1 = tanh(W1 * y + b1), f2 = tanh(W2 * f1 + b2), F(y) = PS(W3 * f2 + b3),   y the low picture itself
//   PS(T)[h r + i, w r + j, c] = T[h, w, c r^2 + i r + j]
//   min  1/(r^2 H W) sum (F(y) - x)^2
// Y of YCbCr alone; Cb and Cr stay as bicubic enlargement makes them. The paper lowers the rate whenever the loss stands still; here it falls
// exponentially over the run. Zeros surround every layer, in training too.
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/espcn.h"
#include "gan/uses/super_resolution.h"
#include "nn/losses.h"

namespace ganymede {

Recipe espcn(const Config& c) {
  const int64_t scale = c.data.scale;
  nets::EspcnShape s;
  s.scale = int(scale);
  s.width = int(c.integer("width", 64, "filters of the first layer", 1, 4096));
  s.inner = int(c.integer("inner", 32, "filters of the second layer", 1, 4096));
  const std::string f = c.choice("activation", {"tanh", "relu", "none"}, "after the first two layers; none: the three are one linear filter");
  s.activation = f == "tanh" ? Unary::tanh : f == "relu" ? Unary::relu : Unary::identity;
  s.icnr = c.choice("first", {"icnr", "independent"}, "the filters that make one block of pixels begin equal (Aitken et al. 2017), or each by itself") == "icnr";
  const bool all = c.choice("colours", {"luma", "all"}, "what the network sees: Y of YCbCr, or all channels of the pictures") == "all";
  s.channels = all ? int(c.data.channels) : 1;
  const bool adam = c.choice("optimizer", {"adam", "sgd"}, "Adam, which takes minutes, or the paper's plain descent") == "adam";
  const double rate = c.number("rate", adam ? 1e-3 : 0.01, "learning rate at the beginning", 1e-12);
  const double last = c.number("last_rate", 1e-4, "learning rate at the end of the run, to which it falls exponentially", 1e-12);
  const double slow = c.number("slow", adam ? 1 : 0.1, "rate of the last layer, over that of the others", 1e-6, 1e6);

  Recipe r;
  const nn::Net G = r.net("G", nets::espcn(s));
  nn::Optim optim = adam ? nn::adam(rate) : nn::sgd(rate);
  if (c.steps > 1) optim = optim.with(nn::exponential_decay_between(0, c.steps, last / rate));
  if (slow != 1) optim = optim.with(nn::ParameterRates{text(slow, " of it for the last layer"), [=](const std::string& name) { return name.starts_with("conv3") ? slow : 1.0; }});
  const auto seen = [=](const Tensor& x) { return all ? x * 0.5 + 0.5 : luma(x); };
  r.update("G", {G}, optim, [=](const Batch& b) -> Losses {
    const Tensor squares = nn::mse(G(seen(b["low"])), seen(b["high"]));
    return {{"mse", squares, "1/(r^2 H W) sum (F(y) - x)^2"}, shown("psnr", decibels(squares), "-10 log10 E (F(y) - x)^2")};
  });

  Enlarger e{.name = "ESPCN", .scale = scale, .channels = all ? c.data.channels : 0, .picture = {}};
  e.picture = [=](const Tensor& low) {
    const Tensor y = G(seen(low));
    return all ? clamp(y * 2.0 - 1.0, -1, 1) : with_luma(bicubic(low, scale), y);
  };
  if (!all) e.luma = [=](const Tensor& low) { return G(seen(low)); };
  add_super_resolution_uses(r, e);
  return r;
}

}  // namespace ganymede
