// S2-GAN. Wang, Gupta: Generative Image Modeling using Style and Structure Adversarial Networks, ECCV 2016, arXiv 1603.05631; layers and rates of the authors' code.
//   FCN, trained first and then fixed:  min  -E log FCN(up(x))[word of C]       up: four times as large; words: of a codebook of directions
//   structure  D1:  min  R + F = -E log D1(C) - E log(1 - D1(G1(z)))       G1:  min  -E log D1(G1(z))                  C: surface normals
//   style      D2:  min  -E log D2(x, C) - E log(1 - D2(G2(C', z), C'))    G2:  min  -E log D2(G2(C, z), C) + lambda -E log FCN(up(G2(C, z)))[word of C]
//   joint      C = G1(z^), enlarged;   G2:  min  A = -E log D2(G2(C, z), C);   G1 goes down the gradient of -E log D1(G1(z^)), and 0.1 of that of A through G2
// D sees half of a batch as it is, and pictures of the other half's normals; G draws of another batch. D waits while R or F is below 0.3, G while one is above 0.7.
#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/balance.h"
#include "gan/models.h"
#include "gan/nets/style_structure.h"
#include "gan/parts/normals.h"
#include "gan/uses/structure_uses.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

constexpr int64_t kEnlarged = 4;   // what the FCN sees of a picture, beside its size

nn::Schedule slow_start() {
  return {"a 50th of it for 10 steps, a 5th for 20", [](int64_t step) { return step < 10 ? 1.0 / 50 : step < 30 ? 1.0 / 5 : 1.0; }};
}

}  // namespace

Recipe ss_gan(const Config& c) {
  const int side = int(c.data.size);
  if (c.data.input_channels != 3) throw UsageError(text("ss-gan: side a has ", c.data.input_channels, " channels, and surface normals have 3; try --data solids"));
  if (c.share() % 2 != 0) throw UsageError(text(c.batch_words(), ": D sees half of it as it is and half as drawn; set --batch to an even number"));
  nets::StructureStyleSize style{.size = side, .channels = int(c.data.channels)};
  style.width = int(c.integer("width", 8, "channels of both G next to the picture, the others in proportion; 64 in the paper", 1, 4096));
  style.latent = int(c.integer("latent", 100, "length of z, of the structure's and of the style's", 1, 65536));
  const int structure_size = int(c.integer("structure_size", std::max(8, side / 8 * 8), "pixels of the normals that G1 draws; 72 in the paper, for pictures of 128", 8, 4096));
  const int d_width = int(c.integer("d_width", 16, "channels of D1 next to the normals, the others in proportion; 64 in the paper", 1, 4096));
  const int style_d_width = int(c.integer("style_d_width", 2 * d_width, "the same of D2; as D1's in the paper", 1, 4096));
  style.halvings = int(c.integer("style_halvings", side < 64 ? 2 : 3, "how often G2 halves maps on its way in; 3 in the paper, of 128 px. D2 does so once more", 2, 3));
  const int64_t word_count = c.integer("words", 8, "words of the codebook of normals; 40 in the paper", 2, 4096);
  const int fcn_width = int(c.integer("fcn_width", 8, "channels of the FCN's first convolution, the others in proportion; 96 in the paper", 1, 4096));
  const int64_t fcn_batch = c.integer("fcn_batch", c.batch > 0 ? std::min<int64_t>(20, c.share()) : 20, "samples that the FCN learns from an iteration; 10 in the paper", 1, c.batch > 0 ? c.share() : INT64_MAX);
  const double fcn_rate = c.number("fcn_rate", 0.03, "learning rate of the FCN; 0.01 in the paper", 0);
  const int64_t fcn_steps = c.integer("fcn_steps", c.steps > 0 ? c.steps / 8 : 1000, "iterations that train the FCN, before all others; 0: none");
  const int64_t structure_steps = c.integer("structure_steps", c.steps > 0 ? c.steps / 4 : 2000, "iterations of the structure alone, which come next; 0: none");
  const int64_t style_steps = c.integer("style_steps", c.steps > 0 ? c.steps * 3 / 5 : 4800, "iterations of the style alone, which come then; 0: none");
  if (c.steps > 0 && fcn_steps + structure_steps + style_steps >= c.steps)
    throw UsageError(text("settings fcn_steps=", fcn_steps, ", structure_steps=", structure_steps, " and style_steps=", style_steps, ": the run has ", c.steps, " iterations, so none remain for both together; set less or more --steps"));
  const double lambda = c.number("lambda", 0.1, "weight of the FCN's loss in the style", 0);
  const double decay = c.number("decay", lambda > 0 ? 0 : 1e-5, "L2 added to the gradients of the style; 1e-5 in the paper without the FCN", 0);
  const double rate = c.number("rate", 4e-4, "learning rate of the structure; 2e-4 in the paper", 0), style_rate = c.number("style_rate", 3e-4, "of the style; 2e-4 in the paper", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);
  const int64_t style_batch = c.integer("style_batch", c.batch > 0 ? std::min<int64_t>(16, c.share()) : 16, "samples that an iteration of the style takes of the batch, an even number; 64 in the paper", 2, c.batch > 0 ? c.share() : INT64_MAX);
  if (style_batch % 2 != 0) throw UsageError(text("setting style_batch=", style_batch, ": D2 sees half of it as it is and half as drawn; set an even number"));
  const bool style_dropout = c.flag("style_dropout", false, "D2 drops out what D1 does, as in the paper");
  const bool slow = c.flag("slow_start", true, "the first 10 steps of the structure and of the style at a 50th of the rate, the next 20 at a 5th");
  const double joint_rate = c.number("joint_rate", 1e-6, "learning rate of G2 and D2 when both go on together", 0), joint_structure_rate = c.number("joint_structure_rate", 1e-7, "of G1 and D1 then", 0);
  const double by_structure = c.number("structure_weight", 1, "of D1's verdict, for G1 then", 0), by_style = c.number("style_weight", 0.1, "of the gradient of D2's verdict through G2, for G1 then", 0);
  const std::string gates = c.choice("gates", {"structure", "all", "none"}, "where D waits while its loss on real or drawn ones is below `low`, and G while one is above `high`: in the structure's stage, in all as in the paper, nowhere");
  const Balance balance{gates != "none" ? c.number("low", 0.3, "of D's losses, for D", 0) : 0, gates != "none" ? c.number("high", 0.7, "of D's losses, for G", 0) : 1e30};

  Recipe r;
  const nn::Net FCN = r.net("FCN", nets::normal_estimator(style.channels, int(word_count), fcn_width));
  const nn::Net G1 = r.net("G1", nets::structure_generator({.size = structure_size, .width = style.width, .latent = style.latent}));
  const nn::Net D1 = r.net("D1", nets::structure_judge({.size = structure_size, .width = d_width}));
  const nn::Net G2 = r.net("G2", nets::style_generator(style)), D2 = r.net("D2", nets::structure_judge({.size = side, .width = style_d_width, .channels = style.channels + 3, .halvings = style.halvings + 1, .dropout = style_dropout}));
  const Tensor words = keep_normal_words(r, c, "a", word_count);

  const auto noise = [=](int64_t n) { return uniform({n, style.latent}, -1, 1); };
  const auto normals = [](const Batch& b) { return nets::unit_vectors(b["a"]); };
  const auto half = [](const Tensor& x, int64_t which) { return slice(x, 0, which * (x.dim(0) / 2), (which + 1) * (x.dim(0) / 2)); };
  const auto few = [=](const Batch& b) { return Batch{style_batch, {{"a", b["a"].rows(0, style_batch)}, {"b", b["b"].rows(0, style_batch)}}}; };
  const auto seen = [](const Tensor& x) { return upsample_nearest(x, kEnlarged); };
  const auto styled = [=](const Tensor& n, const Tensor& z) { return G2(Tensors{n, z})[0]; };
  const auto enlarged = [=](const Tensor& n) { return resized_normals(n, side, side); };
  const auto reduced = [=](const Tensor& n) { return resized_normals(n, structure_size, structure_size); };
  // The word of each place where the FCN says one.
  const auto said = [=](const Tensor& n) { return nearest_words(resized_normals(n, side * kEnlarged / 16, side * kEnlarged / 16), words); };
  const auto reads = [=](const Tensor& logits, const Tensor& n) {
    const int64_t places = logits.count() / word_count;
    return nn::cross_entropy(reshape(logits, Shape{places, word_count}), reshape(said(n), Shape{places}));
  };

  bool gated = gates != "none";
  // What D says of real and drawn ones, and R and F for G to wait by.
  const auto add_d = [&](const nn::Net& D, const nn::Optim& optim, const Tensor& left, const std::function<Tensors(const Batch&)>& real, const std::function<Tensors(const Batch&)>& drawn) {
    Update& u = r.update(D.name(), {D}, optim, [=](const Batch& b) -> Losses {
      const Tensors a = real(b), d = drawn(b);
      Tensors both;
      for (size_t i = 0; i < a.size(); ++i) both.push_back(concat({a[i], d[i].constant()}, 0));
      const Tensor logits = D(both)[0], on_real = nn::bce_with_logits(half(logits, 0), 1), on_drawn = nn::bce_with_logits(half(logits, 1), 0);
      assign(left, cast(concat({reshape(on_real.constant(), Shape{1}), reshape(on_drawn.constant(), Shape{1})}, 0), left.dtype()));
      return {{"adv", (on_real + on_drawn) * 0.5, "1/2 (R + F)"}, shown("real", on_real, "R = -E log D of real ones"), shown("fake", on_drawn, "F = -E log(1 - D) of drawn ones")};
    });
    if (gated) u.when([=](const Losses& l) { return balance.d_moves(value_of(l, "real"), value_of(l, "fake")); });
  };
  const auto g_gate = [&](const Tensor& left) -> Gate {
    if (!gated) return {};
    return [=](const Losses&) { return balance.g_moves(left.rows(0, 1), left.rows(1, 2)); };
  };
  const Tensor left1 = r.keep("losses.D1", zeros({2})), left2 = r.keep("losses.D2", zeros({2}));
  const auto approval = [](const nn::Net& D, const Tensors& drawn) { return nn::bce_with_logits(D(drawn)[0], 1); };
  const auto real_normals = [=](const Batch& b) { return Tensors{half(reduced(normals(b)), 0)}; };
  const auto real_pair = [=](const Batch& b) { return Tensors{half(b["b"], 0), half(normals(b), 0)}; };
  const auto drawn_normals = [=](const Batch& b) { return Tensors{G1(noise(b.size / 2))}; };

  if (fcn_steps > 0) {
    r.stage("FCN", fcn_steps);
    r.update("FCN", {FCN}, nn::sgd(fcn_rate, 0.9).decay(5e-4), [=](const Batch& b) -> Losses {
      return {{"word", reads(FCN(seen(b["b"].rows(0, fcn_batch))), normals(b).rows(0, fcn_batch)), "-E log p(word of C)"}};
    });
  }
  const auto adam_at = [=](double of) { return slow ? nn::adam(of, beta1).with(slow_start()) : nn::adam(of, beta1); };
  const nn::Optim adam = adam_at(rate), style_adam = adam_at(style_rate).decay(decay);
  if (structure_steps > 0) {
    r.stage("structure", structure_steps);
    add_d(D1, adam, left1, real_normals, drawn_normals);
    r.update("G1", {Group{{G1}, adam, g_gate(left1)}}, [=](const Batch& b) -> Losses { return {{"adv", approval(D1, {G1(noise(b.size))}), "-E log D1(G1(z))"}}; });
  }
  gated = gates == "all";
  if (style_steps > 0) {
    r.stage("style", style_steps);
    add_d(D2, style_adam, left2, [=](const Batch& b) { return real_pair(few(b)); }, [=](const Batch& b) {
      const Tensor n = half(normals(few(b)), 1);
      return Tensors{styled(n, noise(n.dim(0))), n};
    });
    r.update("G2", {Group{{G2}, style_adam, g_gate(left2)}}, [=](const Batch& b) -> Losses {
      const Tensor n = normals(few(b)), x = styled(n, noise(style_batch));
      Losses l{{"adv", approval(D2, {x, n}), "-E log D2(G2(C, z), C)"}};
      if (lambda > 0) l.push_back({"word", lambda * reads(FCN.infer(seen(x)), n), text(lambda, " -E log FCN(up(G2(C, z)))[word of C]")});
      return l;
    }).from_batch(1);
  }
  r.stage("joint", 0);
  const nn::Optim slower = nn::adam(joint_structure_rate, beta1), faster = nn::adam(joint_rate, beta1);
  add_d(D1, slower, left1, real_normals, drawn_normals);
  add_d(D2, faster, left2, real_pair, [=](const Batch& b) {
    const Tensor n = enlarged(G1(noise(b.size / 2)));
    return Tensors{styled(n, noise(n.dim(0))), n};
  });
  r.update("G", {Group{{G1}, slower, g_gate(left1)}, Group{{G2}, faster, g_gate(left2)}}, [=](const Batch& b) -> Losses {
    const Tensor n = G1(noise(b.size)), large = enlarged(n), told = large.constant();
    // The same normals, through which G1 sees `by_style` of what G2 sees.
    const Tensor x = styled(large * by_style + told * (1 - by_style), noise(b.size));
    return {{"structure", by_structure * approval(D1, {n}), text(by_structure, " -E log D1(G1(z^))"), {G1}}, {"style", approval(D2, {x, told}), "-E log D2(G2(C, z), C)"}};
  });

  const auto argmax_of = [=](const Tensor& logits) { return argmax(logits, 3); };
  add_structure_uses(r, c, {.latent = style.latent, .words = word_count, .noise = noise, .structure = [=](const Tensor& z) { return enlarged(G1(z)); }, .style = styled,
                            .estimate = [=](const Tensor& x) { return argmax_of(FCN.infer(seen(x))); }, .said = said, .shown = [=](const Tensor& w) { return gather_rows(words, w); },
                            .judge = [=](const Tensor& x, const Tensor& n) { return D2(Tensors{x, n})[0]; }});
  return r;
}

}  // namespace ganymede
