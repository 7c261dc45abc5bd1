// CUT. Park, Efros, Zhang, Zhu: Contrastive Learning for Unpaired Image-to-Image Translation, ECCV 2020, arXiv 2007.15651; details as in the authors' code.
//   G = decoder(encoder): X -> Y, one way, tied to its input by what its own encoder sees at each place of a picture:
//   min  E (D(G(x)) - 1)^2 + lambda_X PatchNCE(x, G(x)) + lambda_Y PatchNCE(y, G(y))
//   PatchNCE(x, x'): mean over layers l and places s of  -log exp(q_s k_s / tau) / sum_r exp(q_s k_r / tau)
//     with q = H_l(encoder_l(x')) and k = H_l(encoder_l(x)), of unit length, k a target without a gradient; r: places of the same picture, s among them
//   D:  min  1/2 [E (D(y) - 1)^2 + E D(G(x))^2]
// Layers are the pixels, the two strided convolutions, the first residual block and the last one of the first half. D moves first, then G and all H_l together.
// CUT: both weights 1. FastCUT: lambda_X = 10, lambda_Y = 0.
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/patch_nce.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/parts/cycle_settings.h"
#include "gan/uses/translate.h"
#include "nn/layers.h"

namespace ganymede {
namespace {

// What is compared at one layer of the encoder.
struct Look {
  nn::Net H;
  Places places;
};

nn::Layer projection(int in, int out) {
  const auto dense = [](int a, int b) { return nn::linear(a, b, true, nn::init::as_pytorch(a), nn::init::as_pytorch(a)); };
  return nn::sequential({dense(in, out), nn::relu(), dense(out, out)});
}

}  // namespace

Recipe cut(const Config& c) {
  const int64_t channels = c.data.channels;
  require_equal_channels(c, "cut: pictures of both sides go through the encoder of a");
  const CycleShape shape = read_cycle_shape(c, {.unet = false, .width = 16, .blocks = 3, .rate = 1e-3, .history = 0});
  const Adversarial& adv = adversarial(c.choice("objective", {"lsgan", "bce"}, "what D and G minimise"));
  const double gan = c.number("gan", 1, "weight of D's opinion; 0: places alone", 0);
  const double of_x = c.number("nce", 1, "weight of PatchNCE(x, G(x)), lambda_X; 10 in FastCUT; 0: nothing ties G(x) to x", 0);
  const double of_y = c.number("nce_identity", 1, "weight of PatchNCE(y, G(y)), lambda_Y; 0 in FastCUT", 0);
  if (gan == 0 && of_x == 0 && of_y == 0) throw UsageError("settings gan=0 nce=0 nce_identity=0: nothing is left for G to learn; set one of them");
  const bool tied = of_x > 0 || of_y > 0;
  const bool last = tied && c.choice("nce_layers", {"all", "last"}, "of the encoder that are compared: pixels to the last one, or that one alone") == "last";
  const int64_t places = tied ? c.integer("patches", 256, "places of a picture that are told apart at each layer; as many as there are where those are fewer", 2, 65536) : 0;
  const double temperature = tied ? c.number("temperature", 0.07, "tau", 1e-3) : 1;
  const int projected = tied ? int(c.integer("projection", 64, "length of H's layers; 256 in the paper", 1, 65536)) : 0;

  Recipe r;
  nets::ResnetHalves halves = nets::translation_resnet_halves(shape.resnet(channels, channels));
  const nn::Net E = r.net("encoder", halves.encoder), decoder = r.net("decoder", halves.decoder), D = r.net("D", shape.discriminator(channels));
  const ImagePool pool = shape.pool(r, "pool", c, channels);
  std::vector<nn::Net> moved{E, decoder};
  std::vector<Look> looks;   // of {code, strided 1, strided 2, block 1 where it is not the code, pixels}
  for (size_t i = 0; tied && i < (last ? 1 : halves.channels.size() + 1); ++i) {
    const bool pixels = i == halves.channels.size();
    const int64_t unit = pixels ? 1 : i == 1 ? 2 : 4;
    const Look look{r.net(text("H", i + 1), projection(pixels ? int(channels) : halves.channels[i], projected)), Places(c.data.size / unit * (c.data.width / unit), places)};
    moved.push_back(look.H), looks.push_back(look);
  }

  const auto translate = [=](const Tensor& x) { return decoder(E(x)); };
  // Norms are per picture, so G(x) and G(y) go through as one batch.
  const auto given = [=](const Batch& b) { return of_y > 0 ? concat({b["a"], b["b"]}, 0) : b["a"]; };
  const SharedValue made = r.shared("G(x, y)", {E, decoder}, [=](const Batch& b) { return translate(given(b)); });
  const auto of_a = [=](const Batch& b) { return slice(made(), 0, 0, b.size); };
  // Rows of unit length of every layer that is compared.
  const auto embedded = [=](const Tensor& x, const Tensors& at) {
    Tensors maps = E(Tensors{x}), rows;
    maps.push_back(x);
    for (size_t i = 0; i < looks.size(); ++i) rows.push_back(of_unit_length(looks[i].H(at_places(maps[i], at[i]))));
    return rows;
  };
  // A loss for each picture, the mean over layers.
  const auto contrast = [=](const Tensor& x, const Tensor& y) {
    Tensors at, keys;
    for (const Look& l : looks) at.push_back(l.places.draw());
    const Tensors queries = embedded(y, at);
    {
      ContextScope scope;
      context().recording = false;
      keys = embedded(x, at);
    }
    Tensor total = patch_nce(queries[0], keys[0], at[0], temperature);
    for (size_t i = 1; i < looks.size(); ++i) total = total + patch_nce(queries[i], keys[i], at[i], temperature);
    return total / double(looks.size());
  };

  r.update("D", {D}, shape.optim, [=](const Batch& b) -> Losses {
    const Tensors said = D.each({b["b"], pool.query(of_a(b))});
    const Verdict v = adv.judge(said[0], said[1]);
    const std::string formula = formula_of(adv.d_formula, "(y)", "(G(x))");
    return {{"adv", v.loss * (adv.name == "lsgan" ? 1 : 0.5), adv.name == "lsgan" ? formula : text("1/2 (", formula, ")")}, shown("real", v.real, "E D(y)"), shown("fake", v.fake, "E D(G(x))")};
  });
  r.update("G", moved, shape.optim, [=](const Batch& b) -> Losses {
    Losses l;
    if (gan > 0) l.push_back({"adv", gan * full_g(adv, D(of_a(b))), text(gan, adv.name == "lsgan" ? " E (D(G(x)) - 1)^2" : " E -log D(G(x))")});
    if (!tied) return l;
    const Tensor apart = contrast(given(b), made());
    const Tensor kept = mean(slice(apart, 0, 0, b.size));
    if (of_x > 0) l.push_back({"nce", of_x * kept, text(of_x, " PatchNCE(x, G(x))")});
    else l.push_back(shown("nce", kept, "PatchNCE(x, G(x))"));
    if (of_y > 0) l.push_back({"nce_identity", of_y * mean(slice(apart, 0, b.size, 2 * b.size)), text(of_y, " PatchNCE(y, G(y))")});
    return l;
  });

  add_unpaired_uses(r, {translate, channels, shape.unit()}, {{}, channels}, [=](const Tensor& y) { return sigmoid(D(y)); }, {});
  return r;
}

}  // namespace ganymede
