// A model of one's own: a relativistic average GAN, with every verb of the program for it.
//   own_gan train ragan --out runs/own && own_gan sample runs/own && own_gan report runs/own
// Jolicoeur-Martineau: The relativistic discriminator: a key element missing from standard GAN, ICLR 2019, arXiv 1807.00734:
// C says how much more real a picture is than the other kind is on average.
//   C:  min  BCE(C(x) - E C(G(z)), 1) + BCE(C(G(z)) - E C(x), 0)        G: the same with 1 and 0 exchanged
#include <apps/program.h>
#include <engine/ops.h>
#include <nn/layers.h>
#include <nn/losses.h>

using namespace ganymede;

namespace {

// z [N, latent] -> [N, size, size, channels] in (-1, 1).
nn::Layer generator(int latent, int size, int channels, int width) {
  int c = width * size / 8;
  std::vector<nn::Layer> layers{nn::linear(latent, 16 * c), nn::reshape_to({4, 4, c})};
  for (int s = 4; s < size; s *= 2, c /= 2) {
    layers.insert(layers.end(), {nn::batch_norm(c), nn::relu()});
    layers.push_back(nn::deconv(c, 2 * s < size ? c / 2 : channels, {.kernel = 4, .stride = 2, .padding = 1}));
  }
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

// Pictures to a number each, [N, 1], of no scale of its own.
nn::Layer critic(int size, int channels, int width) {
  std::vector<nn::Layer> layers{nn::conv(channels, width, {.kernel = 4, .stride = 2, .padding = 1}), nn::leaky_relu()};
  int c = width;
  for (int s = size / 2; s > 4; s /= 2, c *= 2)
    layers.insert(layers.end(), {nn::conv(c, 2 * c, {.kernel = 4, .stride = 2, .padding = 1}), nn::batch_norm(2 * c), nn::leaky_relu()});
  layers.insert(layers.end(), {nn::reshape_to({16 * c}), nn::linear(16 * c, 1)});
  return nn::sequential(std::move(layers));
}

Recipe ragan(const Config& config) {
  const int size = int(config.data.size), channels = int(config.data.channels);
  if (size < 8 || (size & (size - 1)) != 0) throw UsageError(text("a picture size of ", size, ": ragan takes 8, 16, 32, 64, ... pixels; set --size"));
  const int latent = int(config.integer("latent", 100, "length of z", 1, 65536));
  const int width = int(config.integer("width", 32, "channels next to the picture", 1, 4096));
  const double rate = config.number("rate", 2e-4, "learning rate of Adam", 0);

  Recipe r;
  const nn::Net G = r.net("G", generator(latent, size, channels, width));
  const nn::Net C = r.net("C", critic(size, channels, width));
  const auto noise = [=](int64_t n) { return randn({n, latent}); };
  const auto fake = r.shared("fake", {G}, [=](const Batch& x) { return G(noise(x.size)); });
  const auto more_real = [](const Tensor& a, const Tensor& b) {
    return nn::bce_with_logits(a - mean(b), 1) + nn::bce_with_logits(b - mean(a), 0);
  };

  r.update("C", {C}, nn::adam(rate, 0.5), [=](const Batch& x) -> Losses {
    const Tensors said = C.each({x.image(), fake()});
    return {{"adv", more_real(said[0], said[1]), "BCE(C(x) - E C(G(z)), 1) + BCE(C(G(z)) - E C(x), 0)"},
            shown("real", mean(said[0]), "E C(x)"), shown("fake", mean(said[1]), "E C(G(z))")};
  });
  r.update("G", {G}, nn::adam(rate, 0.5), [=](const Batch& x) -> Losses {
    const Tensors said = C.each({x.image(), fake()});
    return {{"adv", more_real(said[1], said[0]), "BCE(C(x) - E C(G(z)), 0) + BCE(C(G(z)) - E C(x), 1)"}};
  });
  r.latent = {.length = latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return G(z); }};
  return r;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program(argc, argv, {{.id = "ragan", .paper = "The relativistic discriminator", .year = 2019, .arxiv = "1807.00734",
                                   .summary = "a critic of how much more real a picture is than the others", .needs = {"image"},
                                   .recipe = ragan, .size = 32, .batch = 64, .steps = 3000, .data = "fashion-mnist"}});
}
