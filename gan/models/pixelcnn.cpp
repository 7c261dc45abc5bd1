// PixelCNN++. Salimans, Karpathy, Chen, Kingma: PixelCNN++: Improving the PixelCNN with Discretized Logistic Mixture Likelihood and Other Modifications,
// ICLR 2017, arXiv 1701.05517; of van den Oord et al. 2016, arXiv 1601.06759 and 1606.05328.
//   p(x) = product over pixels i, row by row, of p(x_i | x_1 ... x_{i-1}),   min  E -log2 p(x) / (C H W)   in bits a value
// Each factor is a discretised mixture of logistics, whose numbers one pass of a network of causal convolutions gives for all pixels at
// once. Samples are drawn pixel by pixel, with a pass for each; weights move by Adam, and an average of theirs is sampled and measured.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/logistic_mixture.h"
#include "gan/models.h"
#include "gan/nets/pixelcnn.h"
#include "gan/parts/known_pictures.h"
#include "gan/pictures.h"
#include "gan/uses/latent_tasks.h"
#include "gan/uses/likelihood_measures.h"

namespace ganymede {
namespace {

struct Sampler {
  nn::Net net;
  LogisticMixture mixture;
  int64_t size, channels, unit;     // unit: the net takes multiples of it as rows

  int64_t length() const { return size * size * mixture.draws(); }
  // Pictures whose first rows are those of `known` [n, size, size, C] on levels; the others are drawn by z [n, length()] from U(0, 1). given: one-hot rows, or undefined.
  Tensor operator()(const Tensor& z, const Tensor& given, const Tensor& known, int64_t rows) const {
    const int64_t n = z.dim(0), each = mixture.draws();
    Tensor x = pad_zero(slice(known, 1, 0, rows), {0, 0, 0, 0}, {0, size - rows, 0, 0});
    for (int64_t i = rows; i < size; ++i)
      for (int64_t j = 0; j < size; ++j) {
        const Tensor seen = slice(x, 1, 0, (i / unit + 1) * unit);   // nothing depends on the rows below
        const Tensor all = net(given ? Tensors{seen, given} : Tensors{seen})[0];
        const Tensor numbers = reshape(slice(slice(all, 1, i, i + 1), 2, j, j + 1), Shape{n, mixture.parameters()});
        const int64_t at = (i * size + j) * each;
        const Tensor pixel = mixture.draw(cast(numbers, z.dtype()), slice(z, 1, at, at + each));
        x = x + pad_zero(reshape(pixel, Shape{n, 1, 1, channels}), {0, i, j, 0}, {0, size - 1 - i, size - 1 - j, 0});
      }
    return x;
  }
};

}  // namespace

Recipe pixelcnn(const Config& c) {
  const int64_t size = c.data.size, channels = c.data.channels;
  int fit = 0;
  while (fit < 2 && size % (2 << fit) == 0 && size >= 16 << fit) ++fit;
  nets::PixelCnnSize s{.channels = int(channels)};
  s.width = int(c.integer("width", 24, "channels of the features; the paper: 160", 1, 4096));
  s.blocks = int(c.integer("blocks", 2, "gated blocks of both streams at each resolution on the way down, one more on the way up; the paper: 5", 1, 64));
  s.halvings = int(c.integer("halvings", fit, "of the sides on the way down; the paper: 2 at 32 pixels", 0, 8));
  if (size % (int64_t(1) << s.halvings)) throw UsageError(text("setting halvings=", s.halvings, ": pictures then have a multiple of ", 1 << s.halvings, " pixels, these have ", size));
  s.dropout = c.number("dropout", 0, "share of features dropped in each block, in training; the paper: 0.5, with 160 channels", 0, 0.95);
  s.above = c.choice("streams", {"both", "left"}, "what is above and what is above and left, or the latter alone, with a blind spot to the right") == "both";
  s.shortcuts = c.flag("shortcuts", true, "from the way down to the way up");
  const bool conditional = c.data.classes > 0 && c.flag("conditional", false, "blocks are told the class");
  s.classes = conditional ? c.data.classes : 0;
  const int64_t bits = c.integer("bits", 8, "of a pixel: 2^bits grey levels", 1, 8);
  const LogisticMixture mixture{int(channels), int(c.integer("mixtures", 10, "logistics in the mixture of a pixel", 1, 1024)), int64_t(1) << bits};
  s.outputs = mixture.parameters();
  const int64_t initial = c.integer("initial", 64, "pictures that the first gains and biases are found from; the paper: 16 a device; 0: none", 0, 65536);
  const double rate = c.number("rate", 3e-3, "learning rate of Adam; the paper: 0.001", 0), decay = c.number("decay", 0.999995, "of the rate, a factor each iteration", 0.5, 1);
  const int64_t lately = c.steps > 0 ? std::clamp<int64_t>(c.steps / 10, 2, 2000) : 2000;
  const double average = c.number("average", 1 - 1 / double(lately), "decay of the average of the weights that is sampled and measured; standard: over a tenth of the run, at most the paper's 0.9995; 0: none", 0, 0.9999999);

  Recipe r;
  const auto module = std::make_shared<nets::PixelCnn>(s);
  const nn::Net net = r.net("pixels", module);
  r.average = average, r.averaged = {net};

  const double highest = double(mixture.levels - 1), values = double(size * size * channels);
  const auto on_levels = [=](const Tensor& x) { return whole_levels(x, bits) * (2 / highest) - 1; };
  const auto given = [=](const Tensor& labels) { return conditional ? one_hot(labels, s.classes) : Tensor{}; };
  const auto bits_of = [=](const Batch& b) {
    const Tensor x = on_levels(b.image());
    const Tensor numbers = cast(net(conditional ? Tensors{x, given(b["label"])} : Tensors{x})[0], x.dtype());
    return sum(mixture.log_probability(numbers, x), {1, 2}) * (-1 / (std::numbers::ln2 * values));
  };
  r.update("pixels", {net}, nn::adam(rate, 0.95, 0.9995).with(nn::exponential_decay(decay)), [=](const Batch& b) -> Losses { return {{"bits", mean(bits_of(b)), "E -log2 p(x) / (C H W)"}}; });
  if (initial > 0 && c.data.read)
    r.stages[0].enter = [=, data = c.data] { module->initialise(on_levels(some_pictures(data, initial))); };

  const Sampler sampler{net, mixture, size, channels, int64_t(1) << s.halvings};
  r.latent = {.length = sampler.length(), .classes = s.classes, .draw = [=](int64_t n) { return uniform({n, sampler.length()}); }, .normal = false, .one_pass = false};
  r.latent.decode = [=](const Tensor& z, const Tensor& labels) { return sampler(z, given(labels), zeros({z.dim(0), size, size, channels}), 0); };
  r.on_sheet = 9;
  r.tasks = {{"complete", "PICTURE...", "the first rows of pictures (rows: half of them), and all below drawn anew, -n times each", 1, 4096, [=, data = c.data, latent = r.latent](const TaskInput& in) {
                const int64_t rows = in.settings.integer("rows", size / 2, "that are kept", 0, size - 1);
                const int64_t label = conditional ? in.settings.integer("class", 0, "of the pictures", 0, s.classes - 1) : 0;
                in.settings.check_all_read();
                std::vector<Result> results;
                std::vector<data::Picture> cells;
                for (const NamedPicture& p : in.pictures) {
                  const Tensor x = on_levels(as_input(p.picture, data)), labels = conditional ? tensor(std::vector<int64_t>(size_t(in.n), label), Shape{in.n}, context().device) : Tensor{};
                  const Tensor anew = sampler(latent.draw(in.n), given(labels), broadcast_to(x, Shape{in.n, size, size, channels}), rows);
                  cells.push_back(to_pictures(x)[0]);
                  for (data::Picture& made : to_pictures(anew)) cells.push_back(made), results.push_back({text(p.name, "-", results.size() + 1), {made}});
                }
                data::GridStyle style;
                style.columns = in.n + 1, style.zoom = zoom_for(cells[0].width);
                results.insert(results.begin(), {"sheet", {data::grid(cells, style)}});
                return results;
              }, true}};

  const auto dequantised = [=](const Batch& b) { return whole_levels(b.image(), bits) + uniform(b.image().shape()); };
  r.measures = likelihood_measures({.bits = bits_of, .levels = dequantised});
  r.measures.push_back(independent_measure([=](const Batch& b) { return whole_levels(b.image(), bits); }));
  const auto real = [=](const Batch& b) { return on_levels(b.image()) * 0.5 + 0.5; };
  const auto samples = [latent = r.latent](int64_t n) { return latent.decode(latent.draw(n), latent.classes ? random_integers({n}, latent.classes) : Tensor{}) * 0.5 + 0.5; };
  r.measures.push_back(moments_measure(real, samples));
  r.measures.push_back(neighbours_measure(real, samples));
  return r;
}

}  // namespace ganymede
