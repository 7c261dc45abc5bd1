#include "gan/parts/pair_settings.h"

#include <algorithm>

#include "gan/nets/patch_discriminator.h"

namespace ganymede {

nets::UnetShape read_unet(const Config& c, const Direction& d) {
  nets::UnetShape s;
  s.in = int(d.in), s.out = int(d.made());
  s.width = int(c.integer("width", 64, "channels of the generator's first level", 1, 4096));
  const int most = nets::halvings_of(c.data.size, c.data.width);
  s.halvings = int(c.integer("levels", most, "halvings of the U-Net; its pictures are multiples of 2^levels", 2, most));
  s.skips = c.choice("generator", {"unet", "encoder-decoder"}, "with skips, or without") == "unet";
  s.resize = c.choice("upsampling", {"transposed", "resize"}, "transposed convolutions, or bilinear doubling and a 3x3 convolution") == "resize";
  s.dropout = c.number("dropout", 0.5, "probability to drop a feature of the first three decoder steps, the only noise; 0: none", 0, 0.95);
  return s;
}

int read_patch_halvings(const Config& c) {
  const int64_t side = std::min(c.data.size, c.data.width);
  std::vector<std::string> fields;
  int standard = 0;
  for (int n = 0; n <= 5; ++n) {
    fields.push_back(std::to_string(nets::receptive_field(n)));
    if (n <= 3 && nets::patch_map(side, n) >= 1) standard = n;
  }
  std::rotate(fields.begin(), fields.begin() + standard, fields.begin() + standard + 1);
  const int field = std::stoi(c.choice("receptive_field", fields, "pixels that one output of D sees"));
  int n = 0;
  while (nets::receptive_field(n) != field) ++n;
  if (nets::patch_map(side, n) < 1) throw UsageError(text("setting receptive_field=", field, ": it needs pictures of ", int64_t{3} << n, " px, these have ", side));
  return n;
}

}  // namespace ganymede
