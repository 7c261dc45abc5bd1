#include "engine/check.h"
#include "engine/context.h"
#include "gan/losses/penalty.h"
#include "nn/init.h"
#include "nn/optim.h"
#include "tests/conformance/operations.h"

namespace ganymede::conformance {
namespace {

Tensors spectral_norm(const Call& c) {
  const Tensor w = c.in(0);
  SpectralWeight weight{w, false, c.in(1), Tensor(Shape{w.count() / w.dim(0)}, w.dtype(), w.device())};
  power_iteration({weight}, static_cast<int>(c.attributes.integer("iterations", 1)),
                  c.attributes.number("eps", 1e-12));
  return {spectral_normalise(weight)};
}

Tensors self_attention(const Call& c) {
  const Tensor x = c.in(0);
  const int64_t n = x.dim(0), pixels = x.dim(1) * x.dim(2);
  const auto projected = [&](size_t weight) {
    const Tensor y = conv2d(x, c.in(weight), {}, {});
    return reshape(y, Shape{n, pixels, y.dim(3)});
  };
  const Tensor context = attention(projected(1), projected(2), projected(3));
  const Tensor y = conv2d(reshape(context, Shape{n, x.dim(1), x.dim(2), context.dim(2)}), c.in(4), {}, {});
  return {add(mul(reshape(c.in(5), Shape{}), y), x)};
}

Tensors minibatch_stddev(const Call& c) {
  const Tensor x = c.in(0);
  const int64_t n = x.dim(0), h = x.dim(1), w = x.dim(2),
                size = std::min(c.attributes.integer("group_size", 4), n);
  require(n % size == 0, "minibatch_stddev: groups of ", size, " in a batch of ", n);
  const Tensor groups = reshape(x, Shape{size, n / size, h, w, x.dim(3)});
  const Tensor variance = mean(square(groups - mean(groups, {0}, true)), {0});
  const Tensor statistic = mean(sqrt(variance + c.attributes.number("eps", 1e-8)), {1, 2, 3});
  const Tensor plane =
      broadcast_to(reshape(statistic, Shape{1, n / size, 1, 1, 1}), Shape{size, n / size, h, w, 1});
  return {concat({x, reshape(plane, Shape{n, h, w, 1})}, 3)};
}

// Builds the critic that the attribute `layers` describes, a layer a call.
class Critic {
 public:
  explicit Critic(const Call& call) : call_(call) {}

  Tensor operator()(Tensor h) {
    for (const Attributes& layer : call_.attributes.objects("layers")) {
      h = apply(layer, h);
      if (const auto unread = layer.unread(); !unread.empty())
        throw Unsupported("attribute " + unread[0] + " of a layer");
    }
    require(!call_.in(next_), "gradient_penalty: more parameters than the layers have");
    return h;
  }

 private:
  Tensor next() {
    require(bool(call_.in(next_)), "gradient_penalty: parameter ", next_, " is missing");
    return call_.in(next_++);
  }

  Tensor apply(const Attributes& layer, const Tensor& h) {
    const std::string type = layer.word("type", "");
    if (type == "conv") {
      ConvOptions o;
      o.stride = layer.pair("stride", {{1, 1}}), o.padding = layer.pair("padding", {{0, 0}});
      const Tensor w = next();
      return conv2d(h, w, layer.flag("bias", true) ? next() : Tensor{}, o);
    }
    if (type == "linear") {
      const Tensor w = next();
      return linear(h, w, layer.flag("bias", true) ? next() : Tensor{});
    }
    if (type == "leaky_relu") return leaky_relu(h, layer.number("slope", 0.01));
    if (type == "tanh") return tanh(h);
    if (type == "flatten")
      return reshape(h.rank() == 4 ? nhwc_to_nchw(h) : h, Shape{h.dim(0), h.count() / h.dim(0)});
    if (type == "instance_norm") return normalise(h, instance_view(h, layer.number("eps", 1e-5)), {}, {}).y;
    if (type == "layer_norm") {
      const int64_t elements = h.count() / h.dim(0);
      const kernels::Norm view{h.dim(0), 1, 1, elements, layer.number("eps", 1e-5), true, 0, h.dtype()};
      const bool affine = layer.flag("affine", true);
      const Tensor gamma = affine ? reshape(next(), Shape{elements}) : Tensor{};
      return normalise(h, view, gamma, affine ? reshape(next(), Shape{elements}) : Tensor{}).y;
    }
    throw Unsupported("layer " + type);
  }

  const Call& call_;
  size_t next_ = 1;
};

Tensors gradient_penalty(const Call& c) {
  const std::string per = c.attributes.word("per", "sample");
  if (per != "sample" && per != "pixel") throw Unsupported("per " + per);
  const NormOver over = per == "sample" ? NormOver::sample : NormOver::pixel;
  return {penalty_at([&](const Tensor& x) { return Critic(c)(x); }, c.in(0), c.attributes.number("target", 1),
                     over)};
}

// A network that is one parameter.
class Lone : public nn::Module {
 public:
  explicit Lone(const Tensor& p) : p_(nn::parameter(p.shape(), nn::init::zero())) { assign(p_, p); }
  using Module::forward;
  Tensor forward(const Tensor&) override { return p_; }
  void visit(const nn::Visit& v) override { v.parameter("p", p_); }
  std::string type() const override { return "lone"; }

 private:
  Tensor p_;
};

Operation steps_of(nn::Optim (*optim)(const Attributes&)) {
  return {.run =
              [optim](const Call& c) {
                const nn::Net net("net", std::make_shared<Lone>(c.in(0)));
                nn::Stepper stepper(net, optim(c.attributes));
                for (size_t i = 1; i < c.inputs.size(); ++i) {
                  stepper.prepare(static_cast<int64_t>(i) - 1);
                  stepper.step({c.in(i)});
                }
                return Tensors{net.parameters()[0].value};
              },
          .most_inputs = kAnyNumber,
          .differentiable = false};
}

nn::Optim adam_of(const Attributes& a) {
  return nn::adam(a.number("lr", 1e-3), a.number("beta1", 0.9), a.number("beta2", 0.999),
                  a.number("eps", 1e-8))
      .decay(a.number("weight_decay", 0));
}

nn::Optim rmsprop_of(const Attributes& a) {
  return nn::rmsprop(a.number("lr", 1e-2), a.number("alpha", 0.99), a.number("eps", 1e-8),
                     a.number("momentum", 0))
      .decay(a.number("weight_decay", 0));
}

nn::Optim sgd_of(const Attributes& a) {
  return nn::sgd(a.number("lr", 1e-3), a.number("momentum", 0)).decay(a.number("weight_decay", 0));
}

}  // namespace

void add_models(Operations& t) {
  t["spectral_norm"] = {.run = spectral_norm, .most_inputs = 2, .constants = {1}};
  t["self_attention"] = {.run = self_attention, .most_inputs = 6, .images = true, .multiplies = true};
  t["minibatch_stddev"] = {.run = minibatch_stddev, .images = true};
  t["gradient_penalty"] = {
      .run = gradient_penalty, .most_inputs = kAnyNumber, .images = true, .constants = {0}};
  t["adam"] = steps_of(adam_of);
  t["rmsprop"] = steps_of(rmsprop_of);
  t["sgd"] = steps_of(sgd_of);
}

const Operations& operations() {
  static const Operations table = [] {
    Operations t;
    for (const auto add :
         {add_elementwise, add_reductions, add_layouts, add_layers, add_resampling, add_losses, add_models})
      add(t);
    return t;
  }();
  return table;
}

}  // namespace ganymede::conformance
