#include "gan/nets/patch_discriminator.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/labelled.h"

namespace ganymede::nets {
namespace {

class MultiScale : public nn::Module {
 public:
  explicit MultiScale(std::vector<nn::Layer> parts) : parts_(std::move(parts)) {}
  Tensor forward(const Tensor&) override { fail(type(), ": has an output a scale, or more"); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == 1 || xs.size() == 2, type(), ": takes a picture, or two side by side, was given ", xs.size());
    Tensors maps, scaled = xs;
    for (size_t i = 0; i < parts_.size(); ++i) {
      if (i)
        for (Tensor& x : scaled) x = average_pool(x, {{3, 3}, {2, 2}, {1, 1}}, false);
      for (const Tensor& y : parts_[i]->forward(scaled)) maps.push_back(y);
    }
    return maps;
  }
  void visit(const nn::Visit& v) override {
    for (size_t i = 0; i < parts_.size(); ++i) v("scale" + std::to_string(i + 1), *parts_[i]);
  }
  std::string type() const override { return "scales"; }
  std::string describe() const override { return text("at ", parts_.size(), " scales"); }

 private:
  std::vector<nn::Layer> parts_;
};

}  // namespace

int receptive_field(int halvings) {
  if (halvings == 0) return 1;
  int field = 7;  // two convolutions of 4 with stride 1
  for (int i = 0; i < halvings; ++i) field = (field - 1) * 2 + 4;
  return field;
}

int64_t patch_map(int64_t size, int halvings) { return halvings == 0 ? size : (size >> halvings) - 2; }

nn::Layer patch_discriminator(const PatchShape& s) {
  const int kernel = s.halvings ? 4 : 1, padding = s.halvings ? 1 : 0;
  std::vector<nn::Layer> layers;
  const auto add = [&](int in, int out, int stride, bool normed) {
    layers.push_back(nn::conv(in, out, {.kernel = kernel, .stride = stride, .padding = padding, .bias = s.bias && !normed, .weight = translation_init(s.xavier, in, out, kernel)}));
    if (normed) layers.push_back(s.norm(out));
  };
  // The first convolution is strided, except that of single pixels.
  const auto width = [&](int i) { return s.width * std::min(1 << i, 8); };
  const int first = s.halvings ? 2 : 1;
  add(s.in, s.width, first, false);
  layers.push_back(nn::leaky_relu());
  for (int i = 1; i < std::max(s.halvings, 1); ++i) {
    add(width(i - 1), width(i), 2, true);
    layers.push_back(nn::leaky_relu());
  }
  const int last = std::max(s.halvings, 1);
  if (s.condition) layers.push_back(append_vector(s.condition));
  add(width(last - 1) + s.condition, width(last), 1, s.condition == 0);
  layers.push_back(nn::leaky_relu());
  add(width(last), 1, 1, false);
  return nn::sequential(std::move(layers));
}

nn::Layer at_scales(std::vector<nn::Layer> parts) { return std::make_shared<MultiScale>(std::move(parts)); }

nn::Layer multi_scale_patches(const PatchShape& s, int scales) {
  std::vector<nn::Layer> parts;
  for (int i = 0; i < scales; ++i) {
    PatchShape part = s;
    part.width = std::max(1, s.width >> i);
    parts.push_back(patch_discriminator(part));
  }
  return at_scales(std::move(parts));
}

}  // namespace ganymede::nets
