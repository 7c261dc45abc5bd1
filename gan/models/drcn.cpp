// DRCN. Kim, Lee, Lee: Deeply-Recursive Convolutional Network for Image Super-Resolution, CVPR 2016, arXiv 1511.04491.
//   H_0 = relu(W_0 * relu(W_-1 * x)), H_d = relu(W * H_(d-1)) with one W for d = 1..D,  y_d = x + rec(H_d),  y = sum_d w_d y_d,   x the bicubic enlargement
//   min  a l1 + (1 - a) l2,   l1 = 1/(2 D N) sum_d sum_i |x_i - y_d,i|^2,   l2 = 1/(2N) sum_i |x_i - y_i|^2,  with weight decay
// W begins as the identity, w_d as 1/D. a falls from 1 to 0 linearly over the first half of the run, a schedule that the paper does not give. It lowers the
// rate whenever the error stands still; here it falls exponentially over the run. Y of YCbCr alone, zeros around every layer.
#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/drcn.h"
#include "gan/uses/super_resolution.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// Of every recursion's picture, how much more PSNR of Y it has than bicubic enlargement on these samples: the least.
double least_gain(const Tensor& all, const Tensor& start, const Tensor& truth) {
  const double bicubic_error = nn::mse(start, truth).item();
  double worst = 1e300;
  for (int64_t d = 0; d < all.dim(0); ++d) worst = std::min(worst, 10 * std::log10(bicubic_error / nn::mse(reshape(all.rows(d, d + 1), truth.shape()), truth).item()));
  return worst;
}

}  // namespace

Recipe drcn(const Config& c) {
  const int64_t scale = c.data.scale;
  nets::DrcnShape s;
  s.width = int(c.integer("width", 16, "filters of every layer; 256 in the paper", 1, 4096));
  s.recursions = int(c.integer("recursions", 5, "times that the recursive layer is applied; 16 in the paper", 1, 256));
  s.identity = c.choice("first", {"identity", "he"}, "first weights of the recursive layer") == "identity";
  const double first = c.number("alpha", 1, "weight of the recursions' own errors at first, beside that of the ensemble's", 0, 1), last = c.number("last_alpha", 0, "the same at the end", 0, 1);
  const double span = c.number("alpha_span", 0.5, "part of the run over which it moves from one to the other", 1e-6, 1);
  const bool adam = c.choice("optimizer", {"adam", "sgd"}, "Adam, which takes minutes, or the paper's descent with momentum 0.9") == "adam";
  const double rate = c.number("rate", adam ? 1e-3 : 0.01, "learning rate at the beginning", 1e-12), last_rate = c.number("last_rate", rate / 10, "the same at the end of the run, to which it falls exponentially", 1e-12);
  const double decay = c.number("decay", 1e-4, "of all weights", 0), clip = c.number("norm_clip", 1, "bound on the gradient's norm; 0: none", 0);

  Recipe r;
  const nn::Net G = r.net("G", nets::drcn(s));
  nn::Optim optim = (adam ? nn::adam(rate) : nn::sgd(rate, 0.9)).decay(decay);
  if (clip > 0) optim = optim.norm_clipped(clip);
  if (c.steps > 1 && last_rate != rate) optim = optim.with(nn::exponential_decay_between(0, c.steps, last_rate / rate));
  const Tensor done = r.keep("done", zeros({1}));   // iterations, which alpha follows
  const double iterations = std::max(1.0, span * double(c.steps > 0 ? c.steps : 1000));
  r.update("G", {G}, optim, [=](const Batch& b) -> Losses {
    const Tensor start = luma(bicubic(b["low"], scale)), truth = luma(b["high"]);
    const Tensors y = G(Tensors{start});
    const Tensor alpha = first + (last - first) * clamp(done * (1 / iterations), 0, 1);
    const double share = 0.5 / double(b.size);
    const Tensor each = sum(square(y[0] - reshape(truth, Shape{1, truth.dim(0), truth.dim(1), truth.dim(2), 1}))) * (share / double(s.recursions));
    const Tensor together = nn::mse(y[1], truth, nn::Reduction::sum) * share;
    return {{"each", alpha * each, "a/(2 D N) sum_d |x - y_d|^2"},
            {"ensemble", (1.0 - alpha) * together, "(1 - a)/(2N) |x - sum_d w_d y_d|^2"},
            shown("alpha", alpha, "a"), shown("psnr", decibels(nn::mse(y[1], truth)), "-10 log10 E (x - y)^2")};
  }).then([=](const Batch&) { assign(done, done + 1.0); });

  Enlarger e{.name = "DRCN", .scale = scale, .channels = 0, .picture = {}};
  e.luma = [=](const Tensor& low) { return G(luma(bicubic(low, scale))); };
  e.picture = [=](const Tensor& low) { return with_luma(bicubic(low, scale), G(luma(bicubic(low, scale)))); };
  add_super_resolution_uses(r, e);
  r.measures.push_back(mean_measure("recursions_gain", "PSNR of Y in dB above that of bicubic enlargement of the recursion that has least, mean over batches", [=](const Batch& b) {
    const Tensor start = luma(bicubic(b["low"], scale));
    return least_gain(G(Tensors{start})[0], start, luma(b["high"]));
  }));
  r.measures.push_back({"ensemble_error", "squared error of the ensemble over that of the best recursion, all samples together; 1 or less: it gains by the others", [=](const Evaluation& v) {
    double together = 0;
    std::vector<double> each(size_t(s.recursions), 0.0);
    v.each_batch([&](const Batch& b) {
      const Tensor truth = luma(b["high"]);
      const Tensors y = G(Tensors{luma(bicubic(b["low"], scale))});
      together += nn::mse(y[1], truth).item() * double(b.size);
      for (int64_t d = 0; d < s.recursions; ++d) each[size_t(d)] += nn::mse(reshape(y[0].rows(d, d + 1), truth.shape()), truth).item() * double(b.size);
    });
    return together / *std::min_element(each.begin(), each.end());
  }});
  return r;
}

}  // namespace ganymede
