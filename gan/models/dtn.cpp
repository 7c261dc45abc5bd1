// DTN. Taigman, Polyak, Wolf: Unsupervised Cross-Domain Image Generation, ICLR 2017, arXiv 1611.02200; layers of the digits' networks as in yunjey/domain-transfer-network.
//   f: trained first, with a linear layer behind it, to name the classes of side a (s), then fixed.   G(x) = g(f(x)); pictures of side b (t) go the same way
//   D, of three classes:  min  -E_s log D_1(G(x)) - E_t log D_2(G(x)) - E_t log D_3(x)
//   g:  min  -E_s log D_3(G(x)) - E_t log D_3(G(x)) + alpha E_s d(f(x), f(G(x))) + beta E_t (x - G(x))^2 + gamma (E_s TV(G(x)) + E_t TV(G(x)))
// The gradient of d goes through f, by its running statistics, into g. Nothing else holds G(x) to x than that f sees the same in both: what f
// does not see, such as colours, is as g likes it.
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/classes.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/nets/dtn.h"
#include "gan/uses/translate.h"
#include "nn/layers.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// Pictures of either side with the channels of one: grey ones repeated, the mean of coloured ones.
Tensor with_channels(const Tensor& x, int64_t channels) {
  if (x.dim(3) == channels) return x;
  return channels == 1 ? mean(x, {3}, true) : concat({x, x, x}, 3);
}

// -E log D_k, k from 0.
Tensor unlikely(const Tensor& logits, int64_t k) { return -mean(slice(log_softmax(logits.dtype() == DType::bf16 ? cast(logits, DType::f32) : logits), 1, k, k + 1)); }

// E (1 - cos) of rows.
Tensor angle(const Tensor& x, const Tensor& y) {
  const auto squares = [](const Tensor& v) { return sum(square(v), {1}); };
  return 1.0 - mean(sum(x * y, {1}) * rsqrt(squares(x) * squares(y) + 1e-12));
}

// Of pictures of b, the share whose nearest (L2) of the pictures that were made of a has their class.
double named_by_nearest(const Evaluation& e, const std::function<Tensor(const Tensor&)>& to_b) {
  Tensors made, real, labels, wanted;
  e.each_batch([&](const Batch& x) { made.push_back(flatten(to_b(x["a"]))), real.push_back(flatten(x["b"])), labels.push_back(x["label"]), wanted.push_back(x["label_b"]); });
  const Tensor m = cast(concat(made, 0), DType::f32), r = cast(concat(real, 0), DType::f32);
  const Tensor nearest = argmax(matmul(r, m, false, true) - 0.5 * reshape(sum(square(m), {1}), Shape{1, m.dim(0)}), 1);
  const auto found = nearest.to_integers(), said = concat(labels, 0).to_integers(), truth = concat(wanted, 0).to_integers();
  double right = 0;
  for (size_t i = 0; i < truth.size(); ++i) right += said[size_t(found[i])] == truth[i];
  return right / double(truth.size());
}

}  // namespace

Recipe dtn(const Config& c) {
  const int64_t in = c.data.input_channels, out = c.data.channels;
  if (c.data.classes < 2) throw UsageError("dtn: f is trained on the classes of side a, and these data have none; try --data shapes:unpaired,a=textured,b=chalk,labels=1 or halves:fashion-mnist,outlines");
  nets::DtnFeatureSize s{.size = int(c.data.size), .channels = int(in)};
  s.width = int(c.integer("f_width", 32, "channels of f's first block, doubled by each later one; 64 in the paper", 1, 4096));
  s.features = int(c.integer("features", 128, "length of f(x)", 1, 65536));
  s.pooling = c.choice("f_blocks", {"strided", "pooling"}, "of f: convolutions of stride 2, batch norm and relu, or the paper's convolutions, max pooling and relu") == "pooling";
  const int64_t f_steps = c.integer("f_steps", c.steps > 0 ? c.steps / 5 : 500, "iterations that train f on the classes of a, before all others; 0: none", 0);
  if (c.steps > 0 && f_steps >= c.steps) throw UsageError(text("setting f_steps=", f_steps, ": the run has ", c.steps, " iterations, so none remain for g; set more --steps"));
  const bool fixed = c.choice("encoder", {"f", "own"}, "what g begins with: the fixed f, or layers like it that are trained with g, as the paper's control") == "f";
  const int g_width = int(c.integer("width", 64, "channels of g before the last layer, doubled at each size below; 128 in the paper", 1, 4096));
  const bool pointwise = c.flag("pointwise", false, "1x1 convolutions between g's blocks, as for faces");
  nets::DtnDiscriminatorSize d{.size = int(c.data.size), .channels = int(out)};
  d.width = int(c.integer("d_width", 16, "channels of D's first block, doubled by each later one; 128 in the paper", 1, 4096));
  d.leaky = c.choice("d_blocks", {"relu", "leaky"}, "of D: relu, in the first before its norm, or the paper's norm and leaky relu") == "leaky";
  const bool ternary = c.choice("discriminator", {"ternary", "binary"}, "D tells pictures made of a, made of b, and of b; or made from real") == "ternary";
  const bool by_angle = c.choice("distance", {"mse", "cosine"}, "of f(x) and f(G(x))") == "cosine";
  const double alpha = c.number("alpha", 15, "weight of the distance of f(x) and f(G(x)); 100 for faces", 0), beta = c.number("beta", 15, "weight of E (x - G(x))^2 on side b; 1 for faces", 0);
  const double gamma = c.number("gamma", 0, "weight of the total variation of pictures made; 0.05 for faces", 0);
  const int g_steps = int(c.integer("g_steps", 1, "steps of g for one of D, each on a batch of its own", 1, 100));
  const double rate = c.number("rate", 3e-4, "learning rate", 0), beta1 = c.number("beta1", 0.5, "Adam; 0.9 in the re-implementation", 0, 0.999999);
  d.classes = ternary ? 3 : 2;
  const int64_t made_of_b = ternary ? 1 : 0, real = ternary ? 2 : 1;   // of D's classes; 0: made of a

  Recipe r;
  const nn::Net f = r.net("f", nets::dtn_features(s)), who = r.net("who", nn::sequential({nn::linear(s.features, int(c.data.classes), true, nn::init::xavier_uniform(s.features, c.data.classes))}));
  const nn::Net g = r.net("g", nets::dtn_generator({.size = s.size, .channels = int(out), .width = g_width, .features = s.features, .pointwise = pointwise})), D = r.net("D", nets::dtn_discriminator(d));
  std::vector<nn::Net> moved{g};
  nn::Net own;
  if (!fixed) moved.push_back(own = r.net("encoder", nets::dtn_features(s)));
  const nn::Optim adam = nn::adam(rate, beta1);

  if (f_steps > 0) {
    r.stage("f", f_steps);
    r.update("f", {f, who}, nn::adam(c.number("f_rate", 1e-3, "learning rate of f", 0)), [=](const Batch& b) -> Losses {
      const Tensor said = who(f(b["a"]));
      return {{"class", class_loss(said, b["label"]), "-E_s log p(class | f(x))"}, shown("right", class_accuracy(said, b["label"]), "share of pictures whose class is found")};
    });
    r.stage("g", 0);
  }

  const auto features = [=](const Tensor& x) { return f.infer(with_channels(x, in)); };
  // Several steps of g have a batch each, so only single ones share what is seen and made with D.
  const bool share = g_steps == 1;
  const SharedValue seen_once = share ? r.shared("f(x)", {}, [=](const Batch& b) { return features(b["a"]); }) : SharedValue{};
  const auto seen_of_a = [=](const Batch& b) { return share ? seen_once() : features(b["a"]); };
  // Rows of a, then of b; batch norms of g see each side by itself.
  const auto make = [=](const Batch& b) {
    return concat(g.each(fixed ? Tensors{seen_of_a(b), features(b["b"])} : own.each({b["a"], with_channels(b["b"], in)})), 0);
  };
  const SharedValue made_once = share ? r.shared("G(x)", moved, make) : SharedValue{};
  const auto made = [=](const Batch& b) { return share ? made_once() : make(b); };
  const auto of_a = [](const Tensor& x) { return slice(x, 0, 0, x.dim(0) / 2); };
  const auto of_b = [](const Tensor& x) { return slice(x, 0, x.dim(0) / 2, x.dim(0)); };

  r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
    const Tensor x = made(b);
    const Tensors said = D.each({of_a(x), of_b(x), b["b"]});
    const std::string last = text(real + 1);
    return {{"made_of_a", unlikely(said[0], 0), "-E_s log D_1(G(x))"}, {"made_of_b", unlikely(said[1], made_of_b), text("-E_t log D_", made_of_b + 1, "(G(x))")},
            {"real", unlikely(said[2], real), text("-E_t log D_", last, "(x)")}};
  });
  r.update("g", moved, adam, [=](const Batch& b) -> Losses {
    const Tensor x = made(b), from_a = of_a(x), from_b = of_b(x);
    const Tensors said = D.each({from_a, from_b});
    const std::string last = text(real + 1);
    Losses l{{"adv_a", unlikely(said[0], real), text("-E_s log D_", last, "(G(x))")}, {"adv_b", unlikely(said[1], real), text("-E_t log D_", last, "(G(x))")}};
    const Tensor seen = seen_of_a(b), again = features(from_a), apart = by_angle ? angle(seen, again) : nn::mse(again, seen);
    if (alpha > 0) l.push_back({"const", alpha * apart, text(alpha, by_angle ? " E_s (1 - cos(f(x), f(G(x))))" : " E_s (f(x) - f(G(x)))^2")});
    else l.push_back(shown("const", apart, "E_s d(f(x), f(G(x)))"));
    if (beta > 0) l.push_back({"same", beta * nn::mse(from_b, b["b"]), text(beta, " E_t (x - G(x))^2")});
    if (gamma > 0) l.push_back({"tv", gamma * (isotropic_variation(from_a) + isotropic_variation(from_b)), text(gamma, " (E_s TV(G(x)) + E_t TV(G(x)))")});
    return l;
  }).times(g_steps);

  // f takes pictures of one size; others are enlarged or reduced to it.
  const auto transferred = [=](const Tensor& picture) {
    const Tensor x = picture.dim(1) == s.size && picture.dim(2) == s.size ? picture : resize(picture, s.size, s.size, Interpolation::linear, false, true);
    return g(fixed ? features(x) : own(with_channels(x, in)));
  };
  add_unpaired_uses(r, {transferred, in}, {{}, out}, [=](const Tensor& x) { return reshape(slice(softmax(D(x)), 1, real, real + 1), Shape{x.dim(0), 1, 1, 1}); }, {});
  if (in != out) r.measures.push_back(mean_measure("same_b", "mean |G(b) - b|, pixels in [-1, 1]: what G does to its own side", [=](const Batch& b) { return mean(abs(transferred(b["b"]) - b["b"])).item(); }));
  r.measures.push_back(mean_measure("const", "mean (f(G(a)) - f(a))^2; 0 is best", [=](const Batch& b) { return nn::mse(features(transferred(b["a"])), features(b["a"])).item(); }));
  r.measures.push_back(mean_measure("variation", "total variation of G(a) a picture, isotropic, pixels in [-1, 1]", [=](const Batch& b) { return isotropic_variation(transferred(b["a"])).item(); }));
  r.measures.push_back(mean_measure("variation_b", "the same of b", [=](const Batch& b) { return isotropic_variation(b["b"]).item(); }));
  for (const char* side : {"a", "b"})
    r.measures.push_back(mean_measure(text("known_", side), text("share of pictures of ", side, " whose class is found by f and the layer it was trained with; 1 is best"), [=](const Batch& b) {
      const auto label = b.fields.find(*side == 'a' ? "label" : "label_b");
      return label == b.fields.end() ? std::nan("") : class_accuracy(who(features(b[side])), label->second).item();
    }));
  r.measures.push_back({"shows-class", "share of G(a) in which a classifier that was trained apart on b sees the class of a; 1 is best; needs data with label_b", [=](const Evaluation& e) {
    if (!e.classify) return std::nan("");
    double right = 0, of = 0;
    e.each_batch([&](const Batch& b) { right += class_accuracy(e.classify(transferred(b["a"])), b["label"]).item() * double(b.size), of += double(b.size); });
    return right / of;
  }, true});
  r.measures.push_back({"adaptation", "share of pictures of b whose class is that of the nearest (L2) G(a); 1 is best; needs data with label_b", [=](const Evaluation& e) {
    bool labelled = true;
    e.each_batch([&](const Batch& b) { labelled = labelled && b.fields.count("label_b"); });
    return labelled ? named_by_nearest(e, transferred) : std::nan("");
  }});
  return r;
}

}  // namespace ganymede
