// SRCNN. Dong, Loy, He, Tang: Image Super-Resolution Using Deep Convolutional Networks, ECCV 2014 and TPAMI 2016, arXiv
// 1501.00092.
//   F(y) = W3 * max(0, W2 * max(0, W1 * y + B1) + B2) + B3,   y the low picture after bicubic enlargement
//   min  1/(2N) sum |F(y) - x|^2
// Y of YCbCr alone; Cb and Cr stay as bicubic enlargement makes them. The sum is over pixels, as in the authors' Caffe, and so are the
// rates of plain descent. Training pads nothing: x loses the border that the filters cannot see. Sampling repeats the edge instead.
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/srcnn.h"
#include "gan/uses/super_resolution.h"
#include "nn/losses.h"

namespace ganymede {

Recipe srcnn(const Config& c) {
  nets::SrcnnShape s;
  s.middle = std::stoi(c.choice("middle", {"1", "3", "5"}, "side of the middle filters: 9-1-5, 9-3-5 or 9-5-5"));
  s.features = int(c.integer("width", 64, "filters of the first layer", 1, 4096));
  s.mapped = int(c.integer("mapped", 32, "filters of the middle layer", 1, 4096));
  s.rectified = c.choice("activation", {"relu", "none"}, "none: the three layers are one linear filter") == "relu";
  const bool all = c.choice("colours", {"luma", "all"}, "what the network sees: Y of YCbCr, or all channels of the pictures") == "all";
  s.channels = all ? int(c.data.channels) : 1;
  const bool adam = c.choice("optimizer", {"adam", "sgd"}, "Adam, which takes minutes, or the paper's descent with momentum 0.9") == "adam";
  const std::string by = adam ? "he" : "paper", other = adam ? "paper" : "he";
  s.he = c.choice("first", {by, other}, "first weights: He's, or the paper's N(0, 0.001^2), which take long to grow") == "he";
  const double rate = c.number("rate", adam ? 1e-3 : 1e-4, "learning rate of the first two layers' weights", 1e-12);
  const double last = c.number("last_rate", adam ? 1e-4 : rate, "the same at the end of the run, to which it falls exponentially; equal: a fixed rate", 1e-12);
  const double slow = c.number("slow", adam ? 1 : 0.1, "rate of the last layer and of all biases, over that", 1e-6, 1e6);
  const int64_t scale = c.data.scale, border = s.border();
  const int64_t least = std::min(c.data.size, c.data.width);
  if (least <= 2 * border) throw UsageError(text("pictures of ", least, " px: the filters ", s.first, "-", s.middle, "-", s.last, " lose ", border, " px on each side; set --size ", 2 * border + 1, " or more"));

  Recipe r;
  const nn::Net G = r.net("G", nets::srcnn(s));
  nn::Optim optim = adam ? nn::adam(rate) : nn::sgd(rate, 0.9);
  if (slow != 1) optim = optim.with(nn::ParameterRates{text(slow, " of it for the last layer and biases"), [=](const std::string& name) { return name.starts_with("conv3") || name.ends_with("bias") ? slow : 1.0; }});
  if (c.steps > 1 && last != rate) optim = optim.with(nn::exponential_decay_between(0, c.steps, last / rate));
  const auto seen = [=](const Tensor& x) { return all ? x * 0.5 + 0.5 : luma(x); };
  r.update("G", {G}, optim, [=](const Batch& b) -> Losses {
    const Tensor y = G(seen(bicubic(b["low"], scale))), x = without_border(seen(b["high"]), border);
    const Tensor squares = nn::mse(y, x, nn::Reduction::sum);
    return {{"squares", squares * (0.5 / double(b.size)), "1/(2N) sum |F(y) - x|^2"}, shown("psnr", decibels(squares / double(x.count())), "-10 log10 E (F(y) - x)^2")};
  });

  const auto enlarged = [=](const Tensor& large) { return G(pad(seen(large), {border, border, border, border}, Padding::replicate)); };
  Enlarger e{.name = "SRCNN", .scale = scale, .channels = all ? c.data.channels : 0, .picture = {}};
  e.picture = [=](const Tensor& low) {
    const Tensor large = bicubic(low, scale), y = enlarged(large);
    return all ? clamp(y * 2.0 - 1.0, -1, 1) : with_luma(large, y);
  };
  if (!all) e.luma = [=](const Tensor& low) { return enlarged(bicubic(low, scale)); };
  add_super_resolution_uses(r, e);
  return r;
}

}  // namespace ganymede
