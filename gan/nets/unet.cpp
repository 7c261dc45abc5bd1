#include "gan/nets/unet.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::nets {
namespace {

class Unet : public nn::Module {
 public:
  explicit Unet(const UnetShape& s) : s_(s) {
    const int levels = s.halvings;
    const auto width = [&](int level) { return s.width * std::min(1 << level, 8); };
    for (int i = 0; i < levels; ++i) {
      const int in = (i ? width(i - 1) : s.in) + (i == 0 || s.latent_everywhere ? s.latent : 0);
      const bool normed = i > 0 && i + 1 < levels;  // a norm over the bottleneck's one pixel would erase it
      down_.push_back(nn::conv(in, width(i), step(in, width(i), normed, i == 0)));
      down_norm_.push_back(normed ? s.norm(width(i)) : nullptr);
    }
    for (int j = 0; j < levels; ++j) {
      const bool last = j + 1 == levels;
      const int level = levels - 2 - j, in = width(level + 1) * (j && s.skips ? 2 : 1), out = last ? s.out : width(level);
      up_.push_back(s.resize ? resized(in, out, !last) : nn::deconv(in, out, up_step(in, out, last)));
      up_norm_.push_back(last ? nullptr : s.norm(out));
      const bool dropped = !last && s.dropout > 0 && j + 1 >= s.first_dropped && j + 1 < s.first_dropped + 3;
      dropout_.push_back(dropped ? nn::dropout(1 - s.dropout) : nullptr);
    }
  }

  using Module::forward;
  Tensor forward(const Tensor& x) override { return translate(x, {}); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == 2, "unet: takes a picture and z, was given ", xs.size(), " tensors");
    return {translate(xs[0], xs[1])};
  }

  void visit(const nn::Visit& v) override {
    for (size_t i = 0; i < down_.size(); ++i) {
      v(name("e", i), *down_[i]);
      if (down_norm_[i]) v(name("e", i) + "_norm", *down_norm_[i]);
    }
    for (size_t i = 0; i < up_.size(); ++i) {
      v(name("d", i), *up_[i]);
      if (up_norm_[i]) v(name("d", i) + "_norm", *up_norm_[i]);
    }
  }
  std::string type() const override { return "unet"; }
  std::string describe() const override { return text("u-net of ", s_.halvings, " levels", s_.skips ? "" : ", no skips"); }

 private:
  static std::string name(const char* letter, size_t i) { return letter + std::to_string(i + 1); }

  // Odd kernels reach one pixel further to the left and up where TensorFlow's reach right and down: the same networks on mirrored pictures.
  nn::ConvSpec step(int in, int out, bool normed, bool end) const {
    const int kernel = end ? s_.end_kernel : s_.kernel;
    return {.kernel = kernel, .stride = 2, .padding = (kernel - 1) / 2, .bias = s_.bias && !normed, .weight = translation_init(s_.xavier, in, out, kernel)};
  }
  nn::ConvSpec up_step(int in, int out, bool last) const {
    nn::ConvSpec c = step(in, out, !last, last);
    c.output_padding = c.kernel % 2;
    return c;
  }
  nn::Layer resized(int in, int out, bool normed) const {
    const nn::ConvSpec c{.kernel = 3, .padding = 1, .bias = s_.bias && !normed, .weight = translation_init(s_.xavier, in, out, 3), .border = Padding::reflect};
    return nn::sequential({nn::upsample(2, Interpolation::linear), nn::conv(in, out, c)});
  }

  // z beside h, a plane an element; in front of inner levels z goes through the leaky ReLU as the features do.
  Tensor planes(const Tensor& h, const Tensor& z, bool inner) const {
    const Tensor plane = reshape(inner ? leaky_relu(z) : z, Shape{z.dim(0), 1, 1, z.dim(1)});
    return cast(broadcast_to(plane, Shape{h.dim(0), h.dim(1), h.dim(2), z.dim(1)}), h.dtype());
  }
  static Tensor beside(nn::Module& layer, const Tensor& h, const Tensor& other, const Activation& f = {}) {
    return other ? layer.forward_beside(h, other, f) : f.none() ? layer.forward(h) : layer.forward_then(h, f);
  }

  // Features are kept as leaky ReLU leaves them: relu(leaky_relu(e)) = relu(e), so the decoder sees the same.
  Tensor translate(const Tensor& x, const Tensor& z) {
    const int64_t unit = int64_t{1} << s_.halvings;
    require(x.dim(1) % unit == 0 && x.dim(2) % unit == 0, "a picture of ", x.dim(2), "x", x.dim(1), ": a U-net of ", s_.halvings, " halvings takes multiples of ", unit);
    require(z.defined() == (s_.latent > 0), "unet: ", s_.latent ? "needs a z" : "takes no z");
    const size_t levels = down_.size();
    const Activation leaky{Unary::leaky_relu, 0.2}, rectified{Unary::relu};
    Tensors kept;
    Tensor h = x;
    for (size_t i = 0; i < levels; ++i) {
      const Tensor with_z = z && (i == 0 || s_.latent_everywhere) ? planes(h, z, i > 0) : Tensor{};
      const Activation& f = i + 1 == levels ? rectified : leaky;
      h = down_norm_[i] ? down_norm_[i]->forward_then(beside(*down_[i], h, with_z), f) : beside(*down_[i], h, with_z, f);
      nn::LayerTrace::note(name("e", i), *down_[i], h);
      kept.push_back(h);
    }
    for (size_t j = 0; j < levels; ++j) {
      h = beside(*up_[j], h, j && s_.skips ? relu(kept[levels - 1 - j]) : Tensor{});
      nn::LayerTrace::note(name("d", j), *up_[j], h);
      if (j + 1 == levels) break;
      h = up_norm_[j]->forward_then(h, rectified);  // before the dropout or after it: the same
      if (dropout_[j]) h = dropout_[j]->forward(h);
    }
    return tanh(h);
  }

  UnetShape s_;
  std::vector<nn::Layer> down_, down_norm_, up_, up_norm_, dropout_;
};

}  // namespace

nn::Layer TranslationNorm::operator()(int channels) const {
  if (kind == nn::NormKind::batch) return nn::batch_norm(channels, eps, nn::init::normal(1, 0.02));
  return nn::norm(kind, channels, affine ? nn::Affine::both : nn::Affine::none, eps);
}

nn::Init translation_init(bool xavier, int in, int out, int kernel) {
  return xavier ? nn::init::xavier_normal(int64_t(in) * kernel * kernel, int64_t(out) * kernel * kernel, 0.02) : nn::init::dcgan();
}

int halvings_of(int64_t height, int64_t width) {
  int n = 0;
  while (n < 8 && height % (int64_t{2} << n) == 0 && width % (int64_t{2} << n) == 0) ++n;
  if (n < 2) throw UsageError(text("pictures of ", width, "x", height, ": sides must be multiples of 4, best powers of two; set --size"));
  return n;
}

nn::Layer unet(const UnetShape& s) {
  require(s.halvings >= 2, "unet: ", s.halvings, " halvings, it needs 2");
  return std::make_shared<Unet>(s);
}

}  // namespace ganymede::nets
