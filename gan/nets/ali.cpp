#include "gan/nets/ali.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::nets {
namespace {

using Kind = AliSize::Kind;
using nn::Layer;

struct Filter {
  int kernel, stride, channels;  // channels in units of the width
};
// The encoder's convolutions with norms; the decoder and D's path of x follow from the same tables.
const std::vector<Filter> kSmall{{5, 1, 1}, {4, 2, 2}, {4, 1, 4}, {4, 2, 8}, {4, 1, 16}};
const std::vector<Filter> kSmallUp{{4, 1, 8}, {4, 2, 4}, {4, 1, 2}, {4, 2, 1}, {5, 1, 1}, {1, 1, 1}};
const std::vector<Filter> kFaces{{2, 1, 1}, {7, 2, 2}, {5, 2, 4}, {7, 2, 4}, {4, 1, 8}};
const std::vector<Filter> kFacesUp{{4, 1, 8}, {7, 2, 4}, {5, 2, 4}, {7, 2, 2}, {2, 1, 1}};

double slope(Kind k) { return k == Kind::cifar10 ? 0.1 : k == Kind::svhn ? 0.01 : 0.02; }
const nn::Init kWeight = nn::init::normal(0, 0.01);

// A bias for each place and channel.
class UntiedBias : public nn::Module {
 public:
  UntiedBias(const Shape& sample, const nn::Init& init) : bias_(nn::parameter(sample, init)) {}
  Tensor forward(const Tensor& x) override { return x + bias_; }
  void visit(const nn::Visit& v) override { v.parameter(v.prefix + "bias", bias_); }
  std::string type() const override { return "place"; }
  std::string describe() const override { return text("bias of each place ", bias_.shape()); }
 private:
  Tensor bias_;
};

// The larger of each two neighbouring channels.
class PairMax : public nn::Module {
 public:
  Tensor forward(const Tensor& x) override {
    const int64_t c = x.dim(-1), rows = x.count() / c;
    std::vector<int64_t> dims(x.shape().begin(), x.shape().end());
    dims.back() = c / 2;
    return reshape(max(reshape(x, Shape{rows, c / 2, 2}), {2}), Shape(dims));
  }
  std::string type() const override { return "maxout"; }
  std::string describe() const override { return "larger of two channels"; }
};

nn::ConvSpec valid(const Filter& f, bool bias) { return {.kernel = f.kernel, .stride = f.stride, .padding = 0, .bias = bias, .weight = kWeight}; }
Layer norm(int channels) { return nn::batch_norm(channels, 1e-5, nn::init::one(), 0.05); }
void add(std::vector<Layer>& to, std::vector<Layer> more) { to.insert(to.end(), more.begin(), more.end()); }

// Pieces of D: what each convolution is preceded and followed by.
struct AliJudge {
  bool maxout, norms, dropout;
  double slope;
  void layer(std::vector<Layer>& to, int in, const Filter& f, int out, double drop, bool norm_here, bool bias) const {
    if (dropout && drop > 0) to.push_back(nn::dropout(1 - drop));
    to.push_back(nn::conv(in, maxout ? 2 * out : out, valid(f, bias)));
    if (norm_here) to.push_back(norm(out));
    to.push_back(maxout ? std::make_shared<PairMax>() : nn::leaky_relu(slope));
  }
};

class AliDiscriminator : public nn::Module {
 public:
  AliDiscriminator(Layer x, Layer z, Layer joint, bool pictures) : x_(std::move(x)), z_(std::move(z)), joint_(std::move(joint)), pictures_(pictures) {}
  Tensor forward(const Tensor&) override { fail("ALI's discriminator takes a sample and its z"); }
  Tensors forward(const Tensors& xs) override {
    Tensor x = xs.at(0), z = xs.at(1);
    const int64_t n = z.dim(0);
    if (pictures_) x = x_->forward(x), z = z_->forward(reshape(z, Shape{n, 1, 1, z.dim(1)}));
    return {reshape(joint_->forward_beside(x, z), Shape{n, 1})};
  }
  void visit(const nn::Visit& v) override {
    if (pictures_) v("x", *x_), v("z", *z_);
    v("joint", *joint_);
  }
  std::string type() const override { return "discriminator"; }
 private:
  Layer x_, z_, joint_;
  bool pictures_;
};

nn::Init first(const AliSize& s, int64_t in, double slope = 0) { return s.deviation > 0 ? nn::init::normal(0, s.deviation) : nn::init::he_normal(in, slope); }

// 2-D: perceptrons with norms.
Layer perceptron(const AliSize& s, int64_t in, int hidden, int64_t out) {
  std::vector<Layer> layers;
  for (int i = 0; i < hidden; ++i, in = s.width) add(layers, {nn::linear(int(in), s.width, false, first(s, in)), norm(s.width), nn::relu()});
  layers.push_back(nn::linear(int(in), int(out), true, first(s, in)));
  return nn::sequential(std::move(layers));
}

}  // namespace

int ali_pixels(Kind kind) { return kind == Kind::celeba ? 64 : 32; }

Layer ali_encoder(const AliSize& s) {
  if (s.kind == Kind::points) return perceptron(s, s.dimensions, 2, 2 * s.latent);
  const bool faces = s.kind == Kind::celeba;
  std::vector<Layer> layers;
  int in = s.channels;
  for (const Filter& f : faces ? kFaces : kSmall) {
    const int out = f.channels * s.width;
    add(layers, {nn::conv(in, out, valid(f, false)), norm(out), nn::leaky_relu(slope(s.kind))});
    in = out;
  }
  if (!faces) add(layers, {nn::conv(in, in, valid({1, 1, 0}, false)), norm(in), nn::leaky_relu(slope(s.kind))});
  // At 1 x 1 a bias of each place is the convolution's own.
  add(layers, {nn::conv(in, 2 * s.latent, valid({1, 1, 0}, true)), nn::reshape_to({2 * int64_t(s.latent)})});
  return nn::sequential(std::move(layers));
}

Layer ali_decoder(const AliSize& s) {
  if (s.kind == Kind::points) return perceptron(s, s.latent, 4, s.dimensions);
  const bool faces = s.kind == Kind::celeba;
  std::vector<Layer> layers{nn::reshape_to({1, 1, s.latent})};
  int in = s.latent;
  for (const Filter& f : faces ? kFacesUp : kSmallUp) {
    const int out = f.channels * s.width;
    const Layer up = f.kernel == 1 ? nn::conv(in, out, valid(f, false)) : nn::deconv(in, out, valid(f, false));
    add(layers, {up, norm(out), nn::leaky_relu(slope(s.kind))});
    in = out;
  }
  const int64_t side = ali_pixels(s.kind);
  const nn::Init bias = s.output_bias.empty() ? nn::init::zero() : nn::Init{nn::Init::Kind::values, 0, 0, s.output_bias};
  add(layers, {nn::conv(in, s.channels, valid({1, 1, 0}, false)), std::make_shared<UntiedBias>(Shape{side, side, s.channels}, bias), nn::sigmoid()});
  return nn::sequential(std::move(layers));
}

Layer ali_discriminator(const AliSize& s) {
  std::vector<Layer> joint;
  if (s.kind == Kind::points) {
    const int units = s.d_width;
    int64_t in = s.dimensions + s.latent;
    for (int i = 0; i < 3; ++i, in = units) {
      if (i > 0 && s.dropout) joint.push_back(nn::dropout(0.5));
      joint.push_back(nn::maxout(int(in), units, 5, first(s, in, 1)));
    }
    if (s.dropout) joint.push_back(nn::dropout(0.5));
    joint.push_back(nn::linear(units, 1));
    return std::make_shared<AliDiscriminator>(Layer{}, Layer{}, nn::sequential(std::move(joint)), false);
  }
  const bool cifar = s.kind == Kind::cifar10, faces = s.kind == Kind::celeba;
  const AliJudge judge{cifar, !cifar, s.dropout, slope(s.kind)};
  std::vector<Layer> x, z;
  int in = s.channels, layer = 0;
  for (const Filter& f : faces ? kFaces : kSmall) {
    const bool norm_here = faces || (s.kind == Kind::svhn && layer > 0);
    const double drop = faces ? 0 : !cifar ? 0.2 : layer == 0 ? 0.2 : 0.5;
    judge.layer(x, in, f, f.channels * s.width, drop, norm_here, cifar || (!faces && layer == 0));
    in = f.channels * s.width, ++layer;
  }
  const int wide = 16 * s.width;  // 512, or 1024
  Filter point{1, 1, 0};
  judge.layer(z, s.latent, point, wide, 0.2, false, false);
  judge.layer(z, wide, point, wide, cifar ? 0.5 : 0.2, false, false);
  const int both = in + wide;
  judge.layer(joint, both, point, 2 * wide, cifar ? 0.5 : 0.2, false, true);
  judge.layer(joint, 2 * wide, point, 2 * wide, cifar ? 0.5 : 0.2, false, true);
  if (s.dropout) joint.push_back(nn::dropout(cifar ? 0.5 : 0.8));
  joint.push_back(nn::conv(2 * wide, 1, valid(point, true)));
  return std::make_shared<AliDiscriminator>(nn::sequential(std::move(x)), nn::sequential(std::move(z)), nn::sequential(std::move(joint)), true);
}

}  // namespace ganymede::nets
