#include "gan/nets/lapgan.h"

#include "engine/check.h"
#include "gan/nets/labelled.h"
#include "gan/nets/usual.h"

namespace ganymede::nets {
namespace {

// The first values of Torch7, which are PyTorch's too.
nn::Layer conv(int in, int out, int kernel, int stride, int padding) {
  const nn::Init each = nn::init::as_pytorch(int64_t(in) * kernel * kernel);
  return nn::conv(in, out, {.kernel = kernel, .stride = stride, .padding = padding, .weight = each, .bias_init = each});
}

// f beside a plane made of the label.
nn::Layer with_plane(const LapganSize& s, nn::Layer f) {
  if (!s.classes) return f;
  return joined(nn::sequential({}), of_label(s.classes, nn::sequential({pytorch_linear(s.classes, s.side * s.side), nn::relu(), nn::reshape_to({s.side, s.side, 1})})), std::move(f));
}

}  // namespace

nn::Layer lapgan_first_generator(int latent, const LapganSize& s) {
  const int pixels = s.side * s.side * s.channels;
  std::vector<nn::Layer> layers{pytorch_linear(latent + s.classes, s.width), nn::relu(), pytorch_linear(s.width, s.width), nn::relu(), pytorch_linear(s.width, pixels), nn::reshape_to({s.side, s.side, s.channels})};
  if (s.classes) layers.insert(layers.begin(), append_label(s.classes));
  return nn::sequential(std::move(layers));
}

nn::Layer lapgan_first_discriminator(const LapganSize& s) {
  const int pixels = s.side * s.side * s.channels;
  std::vector<nn::Layer> layers{nn::reshape_to({pixels})};
  if (s.classes) layers.push_back(append_label(s.classes));
  for (int in = pixels + s.classes; const int out : {s.width, s.width}) layers.insert(layers.end(), {pytorch_linear(in, out), nn::relu(), nn::dropout(s.keep)}), in = out;
  layers.push_back(pytorch_linear(s.width, 1));
  return nn::sequential(std::move(layers));
}

nn::Layer lapgan_generator(const LapganSize& s) {
  const int planes = s.channels + 1 + (s.classes ? 1 : 0);
  return with_plane(s, nn::sequential({conv(planes, s.width, 7, 1, 3), nn::relu(), conv(s.width, s.width, 7, 1, 3), nn::relu(), conv(s.width, s.channels, 5, 1, 2)}));
}

nn::Layer lapgan_discriminator(const LapganSize& s) {
  require(s.side >= kLapganSmallest, "a discriminator of LAPGAN for ", s.side, " pixels: it sees ", kLapganSmallest, " and more");
  const int left = (s.side - 4 - 5) / 2 + 1;
  return with_plane(s, nn::sequential({conv(s.channels + (s.classes ? 1 : 0), s.width, 5, 1, 0), nn::relu(), conv(s.width, s.width, 5, 2, 0), nn::relu(), nn::dropout(s.keep),
                                       nn::reshape_to({int64_t(left) * left * s.width}), pytorch_linear(left * left * s.width, 1)}));
}

}  // namespace ganymede::nets
