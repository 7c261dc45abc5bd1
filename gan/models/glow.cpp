// Glow. Kingma, Dhariwal: Glow: Generative Flow with Invertible 1x1 Convolutions, NeurIPS 2018, arXiv 1807.03039.
//   z = f(x),   log p(x) = log N(z) + log |det df/dx|,   min  E -log2 p(x) / (C H W)   in bits a value, of x = level / 2^bits - 0.5 + U(0, 1 / 2^bits)
// f is levels of: squeeze, then steps of actnorm, an invertible 1x1 convolution (W = P L (U + diag(sign exp(log_s)))) and a coupling; half of
// the channels leave after each level but the last, under a normal prior whose mean and deviation come from those that stay.
#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/classes.h"
#include "gan/models.h"
#include "gan/nets/glow.h"
#include "gan/parts/known_pictures.h"
#include "gan/pictures.h"
#include "gan/uses/encoder_measures.h"
#include "gan/uses/latent_tasks.h"
#include "gan/uses/likelihood_measures.h"

namespace ganymede {
namespace {

constexpr double kLn2 = 0.6931471805599453;

Tensor inputs_of(const TaskInput& in, const DataFacts& facts) {
  Tensors all;
  for (const NamedPicture& p : in.pictures) all.push_back(as_input(p.picture, facts));
  return all.size() == 1 ? all[0] : concat(all, 0);
}

std::vector<Result> in_a_row(const std::string& name, const Tensor& pictures) {
  const auto cells = to_pictures(pictures);
  data::GridStyle style;
  style.columns = int64_t(cells.size()), style.zoom = zoom_for(cells[0].width);
  std::vector<Result> results{{"sheet", {data::grid(cells, style)}}};
  for (size_t i = 0; i < cells.size(); ++i) results.push_back({text(name, "-", i + 1), {cells[i]}});
  return results;
}

// The paper's section 5.2 in the program's words: lines between pictures, and a step along the difference of two sets' mean codes.
std::vector<Task> flow_tasks(const Latent& latent, const DataFacts& facts) {
  return {{"between", "PICTURE PICTURE", "pictures on the line between the codes of two (steps)", 2, 2,
           [=](const TaskInput& in) {
             const int64_t steps = in.settings.integer("steps", 8, "pictures along the line", 2, 1024);
             in.settings.check_all_read();
             const Tensor ends = latent.encode(inputs_of(in, facts));
             Tensors line;
             for (int64_t i = 0; i < steps; ++i) {
               const double t = double(i) / double(steps - 1);
               line.push_back(ends.rows(0, 1) * (1 - t) + ends.rows(1, 2) * t);
             }
             return in_a_row("between", latent.decode(concat(line, 0), {}));
           }},
          {"move", "PICTURE WITH... WITHOUT...", "the first picture, moved by amount (1) times the mean code of those with something less that of those without (with: the number of the former; steps)", 3, 1 << 20,
           [=](const TaskInput& in) {
             const int64_t n = int64_t(in.pictures.size()), with = in.settings.integer("with", (n - 1) / 2, "pictures that have what the others lack", 1, n - 2);
             const double amount = in.settings.number("amount", 1, "of the difference that is added in the end");
             const int64_t steps = in.settings.integer("steps", 5, "pictures on the way", 2, 1024);
             in.settings.check_all_read();
             const Tensor z = latent.encode(inputs_of(in, facts));
             const Tensor difference = mean(z.rows(1, 1 + with), {0}, true) - mean(z.rows(1 + with, n), {0}, true);
             Tensors line;
             for (int64_t i = 0; i < steps; ++i) line.push_back(z.rows(0, 1) + difference * (amount * double(i) / double(steps - 1)));
             return in_a_row("move", latent.decode(concat(line, 0), {}));
           }}};
}

}  // namespace

Recipe glow(const Config& c) {
  using Mixing = nets::GlowSize::Mixing;
  nets::GlowSize s{.size = int(c.data.size), .channels = int(c.data.channels)};
  int fit = 1;
  while (fit < 3 && s.size % (2 << fit) == 0) ++fit;
  s.levels = int(c.integer("levels", fit, "times that the sides are halved; the paper: 3 at 32 pixels to 6 at 256", 1, 10));
  s.depth = int(c.integer("depth", 8, "steps a level; the paper: 32 to 64", 1, 1024));
  s.width = int(c.integer("width", 32, "channels inside the couplings' networks; the paper: 512", 1, 4096));
  s.additive = c.choice("coupling", {"affine", "additive"}, "a half of the channels scales and shifts the other, or shifts it") == "additive";
  const std::string mixing = c.choice("mixing", {"lu", "shuffle", "reverse"}, "of channels before a coupling: a learned invertible 1x1 convolution, a random permutation, or the order reversed");
  s.mixing = mixing == "lu" ? Mixing::lu : mixing == "shuffle" ? Mixing::shuffle : Mixing::reverse;
  const bool conditional = c.data.classes > 0 && c.flag("conditional", false, "the last level's prior is told the class");
  s.classes = conditional ? c.data.classes : 0;
  const double class_weight = conditional ? c.number("class_weight", 0.01, "of reading the class off the last level", 0) : 0;
  const int64_t bits = c.integer("bits", 5, "of a pixel: 2^bits grey levels", 1, 8), initial = c.integer("initial", 256, "pictures that actnorm's first scales and shifts are found from; 0: none", 0, 65536);
  const double temperature = c.number("temperature", 0.7, "deviation of the noise that sheets are drawn from", 0, 10);
  const int64_t epoch = c.data.count > 0 && c.batch > 0 ? std::max<int64_t>(2, c.data.count / c.batch) : 1000;
  const double rate = c.number("rate", 2e-3, "learning rate of Adamax; the paper: 0.001", 0), beta2 = c.number("beta2", 1 - 1 / double(epoch), "decay of Adamax's running maximum; standard: 1 - 1 / an epoch's iterations", 0, 0.9999999);
  const int64_t warm_up = c.integer("warm_up", 200, "iterations over which the rate rises from 0; the paper: 10 epochs", 0);
  const int64_t lately = c.steps > 0 ? std::clamp<int64_t>(c.steps / 10, 2, epoch) : epoch;
  const double average = c.number("average", 1 - 1 / double(lately), "decay of the average of the weights that is sampled and measured; standard: over an epoch, or a tenth of the run if that is shorter; 0: none", 0, 0.9999999);

  Recipe r;
  const auto net = std::make_shared<nets::Glow>(s);
  const nn::Net flow = r.net("flow", net);
  for (const nn::NamedTensor& t : net->fixed()) r.keep(t.name, t.value);
  r.average = average, r.averaged = {flow};

  const double levels = double(1 << bits), values = double(s.size * s.size * s.channels);
  const auto dequantised = [=](const Tensor& x) { return whole_levels(x, bits) + uniform(x.shape()); };
  const auto centred = [=](const Tensor& level) { return level / levels - 0.5; };
  // Pictures as they are shown, black -1 and white 1, to the middle of their level and back.
  const auto seen = [=](const Tensor& x) { return x * ((levels - 1) / (2 * levels)); };
  const auto shown_as = [=](const Tensor& x) { return x * (2 * levels / (levels - 1)); };
  const auto given = [=](const Tensor& labels) { return conditional ? one_hot(labels, s.classes) : Tensor{}; };
  const auto pass = [=](const Tensor& x, const Batch& b) { return conditional ? flow(Tensors{x, given(b["label"])}) : flow(Tensors{x}); };
  // The density is one of x: a level is 1 / levels wide.
  const auto in_bits = [=](const Tensor& density) { return density * (-1 / (kLn2 * values)) + std::log2(levels); };

  const nn::Optim adamax = nn::adamax(rate, 0.9, beta2);
  r.update("flow", {flow}, warm_up > 0 ? adamax.with(nn::warm_up(warm_up)) : adamax, [=](const Batch& b) -> Losses {
    const Tensors out = pass(centred(dequantised(b.image())), b);
    Losses l{{"bits", mean(in_bits(out[1])), "E -log2 p(x) / (C H W)"}};
    if (conditional) {
      if (class_weight > 0) l.push_back({"class", class_weight * class_loss(out[2], b["label"]), text(class_weight, " E -log p(class | mean of the last level)")});
      l.push_back(shown("accuracy", class_accuracy(out[2], b["label"]), "of the class as read off the last level"));
    }
    return l;
  });
  if (initial > 0 && c.data.read)
    r.stages[0].enter = [=, data = c.data] { net->initialise(centred(dequantised(some_pictures(data, initial)))); };

  r.latent = {.length = int64_t(values), .classes = s.classes, .draw = [=](int64_t n) { return randn({n, int64_t(values)}); }, .temperature = temperature};
  r.latent.decode = [=](const Tensor& z, const Tensor& labels) { return shown_as(net->decode(z, given(labels))); };
  if (!conditional) {
    r.latent.encode = [=](const Tensor& x) { return flow(Tensors{seen(x)})[0]; };
    r.measures = encoder_measures(r.latent);
    r.tasks = flow_tasks(r.latent, c.data);
  }
  for (const Measure& m : likelihood_measures({.bits = [=](const Batch& b) { return in_bits(pass(centred(dequantised(b.image())), b)[1]); }, .levels = [=](const Batch& b) { return dequantised(b.image()); }})) r.measures.push_back(m);
  const auto shown_samples = [latent = r.latent, classes = s.classes](int64_t n) { return clamp(latent.decode(latent.draw(n), classes ? random_integers({n}, classes) : Tensor{}), -1, 1) * 0.5 + 0.5; };
  r.measures.push_back(moments_measure([=](const Batch& b) { return clamp(shown_as(centred(dequantised(b.image()))), -1, 1) * 0.5 + 0.5; }, shown_samples));
  r.measures.push_back({"inversion", "largest |x - decode(encode(x))| of a value in [-0.5, 0.5); 0 is best", [=](const Evaluation& e) {
                          double most = 0;
                          e.each_batch([&](const Batch& b) {
                            const Tensor x = centred(dequantised(b.image()));
                            most = std::max(most, max(abs(x - net->decode(pass(x, b)[0], conditional ? given(b["label"]) : Tensor{}))).item());
                          });
                          return most;
                        }});
  return r;
}

}  // namespace ganymede
