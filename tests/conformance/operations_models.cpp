#include "engine/check.h"
#include "engine/context.h"
#include "gan/losses/penalty.h"
#include "nn/blocks.h"
#include "nn/init.h"
#include "nn/optim.h"
#include "tests/conformance/operations.h"

namespace ganymede::conformance {
namespace {

Tensors spectral_norm(const Call& c) {
  const Tensor w = c.in(0);
  const SpectralWeight weight{w, false, c.in(1), Tensor(Shape{w.count() / w.dim(0)}, w.dtype(), w.device())};
  return spectral_normalise({weight}, static_cast<int>(c.attributes.integer("iterations", 1)),
                            c.attributes.number("eps", 1e-12));
}

Tensors self_attention(const Call& c) {
  const auto projected = [&](const Tensor& x, size_t weight) { return conv2d(x, c.in(weight), {}, {}); };
  const Tensor x = c.in(0);
  const Tensor seen = nn::attend_pixels(projected(x, 1), projected(x, 2), projected(x, 3));
  return {add(mul(reshape(c.in(5), Shape{}), projected(seen, 4)), x)};
}

Tensors minibatch_stddev(const Call& c) {
  return {nn::with_minibatch_stddev(c.in(0), c.attributes.integer("group_size", 4),
                                    c.attributes.number("eps", 1e-8))};
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
      const Shape elements{h.count() / h.dim(0)};
      const bool affine = layer.flag("affine", true);
      const Tensor gamma = affine ? reshape(next(), elements) : Tensor{};
      const Tensor beta = affine ? reshape(next(), elements) : Tensor{};
      return normalise(h, sample_view(h, layer.number("eps", 1e-5)), gamma, beta).y;
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
