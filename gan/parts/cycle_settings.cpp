#include "gan/parts/cycle_settings.h"

#include <algorithm>

#include "engine/check.h"
#include "gan/nets/patch_discriminator.h"
#include "gan/uses/translate.h"

namespace ganymede {

nets::ResnetShape CycleShape::resnet(int64_t in, int64_t out, int64_t condition) const { return {int(in), int(out), width, blocks, norm, int(condition)}; }
nn::Layer CycleShape::generator(int64_t in, int64_t out, int64_t condition) const {
  if (residual) return nets::translation_resnet(resnet(in, out, condition));
  require(condition == 0, "a U-Net with a condition");
  return nets::unet({.in = int(in), .out = int(out), .width = width, .halvings = levels, .bias = true, .norm = norm, .dropout = 0});
}
nn::Layer CycleShape::discriminator(int64_t in, int64_t condition) const {
  return nets::patch_discriminator({.in = int(in), .width = width, .halvings = halvings, .bias = true, .norm = norm, .condition = int(condition)});
}
ImagePool CycleShape::pool(Recipe& r, const std::string& name, const Config& c, int64_t channels) const { return {r, name, history, Shape{c.data.size, c.data.width, channels}}; }

CycleShape read_cycle_shape(const Config& c, const CycleStandard& standard) {
  const int64_t side = std::min(c.data.size, c.data.width);
  CycleShape s;
  s.residual = !standard.unet || c.choice("generator", {"resnet", "unet"}, "residual blocks, or a U-Net") == "resnet";
  s.width = int(c.integer("width", standard.width, "channels next to the picture", 1, 4096));
  s.norm = {nn::NormKind::instance, c.flag("affine", false, "gains and biases in the instance norms, as in the authors' first code")};
  if (s.residual) s.blocks = int(c.integer("blocks", standard.blocks ? standard.blocks : side < 256 ? 6 : 9, "residual blocks", 1, 100));
  else s.levels = nets::halvings_of(c.data.size, c.data.width);
  s.history = c.integer("pool", standard.history, "earlier fakes a discriminator is shown; 0: none", 0, 100000);
  s.optim = falling_rate(nn::adam(c.number("rate", standard.rate, "learning rate", 0), c.number("beta1", 0.5, "Adam", 0, 0.999999)), c,
                         c.number("constant_part", 0.5, "part of the run after which the rate falls linearly to 0", 0, 1));
  if (s.residual && (c.data.size % 4 || c.data.width % 4)) throw UsageError(text("pictures of ", c.data.width, "x", c.data.size, ": CycleGAN's generators take sides that are multiples of 4; set --size"));
  const int fits = nets::patch_map(side, 3) >= 1 ? 3 : nets::patch_map(side, 2) >= 1 ? 2 : 1;
  s.halvings = int(c.integer("d_layers", fits, "halvings of D: 3 see patches of 70 pixels, 2 of 34, 1 of 16", 1, 5));
  if (nets::patch_map(side, s.halvings) < 1) throw UsageError(text("setting d_layers=", s.halvings, ": it needs pictures of ", int64_t{3} << s.halvings, " px, these have ", side));
  return s;
}

}  // namespace ganymede
