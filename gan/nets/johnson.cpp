#include "gan/nets/johnson.h"

#include "engine/check.h"

namespace ganymede::nets {
namespace {

using Layers = std::vector<nn::Layer>;

// Torch7's first weights: uniform within 1 / sqrt(fan in) (as it counts that of a transposed convolution, too). Biases only where no norm follows.
nn::ConvSpec drawn(int in, nn::ConvSpec c) {
  c.weight = c.bias_init = nn::init::as_pytorch(int64_t(in) * c.kernel * c.kernel);
  return c;
}

struct Builder {
  nn::NormKind kind;
  Layers layers = {};

  void normed(nn::Layer layer, int channels, bool rectified = true) {
    layers.insert(layers.end(), {std::move(layer), nn::norm(kind, channels)});
    if (rectified) layers.push_back(nn::relu());
  }
  void conv(int in, int out, int kernel, int stride, int padding, bool rectified = true) {
    normed(nn::conv(in, out, drawn(in, {.kernel = kernel, .stride = stride, .padding = padding, .bias = false})), out, rectified);
  }
  void doubling(int in, int out) {
    normed(nn::deconv(in, out, drawn(in, {.kernel = 3, .stride = 2, .padding = 1, .output_padding = 1, .bias = false})), out);
  }
  // No relu after the sum. Without padding the shortcut loses what two convolutions take.
  void block(int channels, int padding) {
    Builder main{kind};
    main.conv(channels, channels, 3, 1, padding), main.conv(channels, channels, 3, 1, padding, false);
    layers.push_back(nn::residual(nn::sequential(std::move(main.layers)), padding ? nullptr : nn::crop_border(2)));
  }
  nn::Layer pictures(int in, int channels) {
    layers.insert(layers.end(), {nn::conv(in, channels, drawn(in, {.kernel = 9, .padding = 4})), nn::tanh()});
    return nn::sequential(std::move(layers));
  }
};

}  // namespace

int64_t styliser_border(int blocks) { return 8 * int64_t{blocks}; }   // a block takes 2 px from each side, at a quarter of the size

nn::Layer styliser(const StyliserShape& s) {
  Builder b{s.norm};
  if (s.blocks > 0) b.layers.push_back(nn::reflect_pad(int(styliser_border(s.blocks))));
  b.conv(s.channels, s.width, 9, 1, 4);
  b.conv(s.width, 2 * s.width, 3, 2, 1), b.conv(2 * s.width, 4 * s.width, 3, 2, 1);
  for (int i = 0; i < s.blocks; ++i) b.block(4 * s.width, 0);
  b.doubling(4 * s.width, 2 * s.width), b.doubling(2 * s.width, s.width);
  return b.pictures(s.width, s.channels);
}

bool upscaler_enlarges(int64_t scale) { return scale == 2 || scale == 4 || scale == 8; }

nn::Layer upscaler(const UpscalerShape& s) {
  require(upscaler_enlarges(s.scale), "upscaler for a scale of ", s.scale, ": there are 2, 4 and 8");
  Builder b{s.norm};
  b.conv(s.channels, s.width, 9, 1, 4);
  for (int i = 0; i < s.blocks; ++i) b.block(s.width, 1);
  for (int done = 1; done < s.scale; done *= 2) b.doubling(s.width, s.width);
  return b.pictures(s.width, s.channels);
}

}  // namespace ganymede::nets
