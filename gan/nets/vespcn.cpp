#include "gan/nets/vespcn.h"

#include "engine/check.h"
#include "engine/ops.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

nn::Layer vespcn_conv(int in, int out, int kernel, int stride = 1) {
  return nn::conv(in, out, {.kernel = kernel, .stride = stride, .padding = kernel / 2, .weight = nn::init::orthogonal(nn::kReluGain)});
}
nn::Layer last(const FrameEnlarger& s) {
  return nn::conv(s.width, s.scale * s.scale, {.kernel = 3, .padding = 1, .weight = s.small ? nn::init::normal(0, 1e-3) : nn::init::orthogonal(), .shuffle = s.scale});
}
// What makes a flow begins near zero.
nn::Layer flow_of(int in, int factor) {
  return nn::sequential({nn::conv(in, 2 * factor * factor, {.kernel = 3, .padding = 1, .weight = nn::init::normal(0, 1e-3)}), nn::tanh(), nn::pixel_shuffle(factor)});
}

class MotionEstimator : public nn::Module {
 public:
  MotionEstimator(int width, double reach) : reach_(reach) {
    coarse_ = nn::sequential({vespcn_conv(2, width, 5, 2), nn::relu(), vespcn_conv(width, width, 3), nn::relu(), vespcn_conv(width, width, 5, 2), nn::relu(), vespcn_conv(width, width, 3), nn::relu(), flow_of(width, 4)});
    fine_ = nn::sequential({vespcn_conv(5, width, 5, 2), nn::relu(), vespcn_conv(width, width, 3), nn::relu(), vespcn_conv(width, width, 3), nn::relu(), vespcn_conv(width, width, 3), nn::relu(), flow_of(width, 2)});
  }
  Tensor forward(const Tensor&) override { fail("motion_estimator: it takes a frame and its neighbour"); }
  Tensors forward(const Tensors& xs) override {
    const Tensor &frame = xs.at(0), &neighbour = xs.at(1);
    require(frame.dim(1) % 4 == 0 && frame.dim(2) % 4 == 0, "motion_estimator: frames ", frame.shape(), " must have sides that are multiples of 4");
    const Tensor coarse = reach_ * coarse_->forward(concat({frame, neighbour}, 3));
    const Tensor fine = reach_ * fine_->forward(concat({frame, neighbour, warp(neighbour, coarse), coarse}, 3));
    const Tensor flow = coarse + fine;
    return {flow, warp(neighbour, flow)};
  }
  void visit(const nn::Visit& v) override { v("coarse", *coarse_), v("fine", *fine_); }
  std::string type() const override { return "motion"; }

 private:
  double reach_;
  nn::Layer coarse_, fine_;
};

class SlowFusion : public nn::Module {
 public:
  explicit SlowFusion(const FrameEnlarger& s) : frames_(s.frames) {
    require(s.layers >= s.frames, "frame_enlarger: ", s.layers, " layers cannot merge ", s.frames, " frames two by two; that takes ", s.frames - 1, " and one more");
    for (int i = 0; i + 1 < s.frames; ++i) merging_.push_back(vespcn_conv(i ? 2 * s.width : 2, s.width, 3));
    std::vector<nn::Layer> rest;
    for (int i = s.frames - 1; i + 1 < s.layers; ++i) rest.push_back(vespcn_conv(s.width, s.width, 3)), rest.push_back(nn::relu());
    rest.push_back(last(s));
    rest_ = nn::sequential(std::move(rest));
  }
  Tensor forward(const Tensor& x) override {
    Tensors at;
    for (int t = 0; t < frames_; ++t) at.push_back(slice(x, 3, t, t + 1));
    for (const nn::Layer& layer : merging_) {
      Tensors next;
      for (size_t t = 0; t + 1 < at.size(); ++t) next.push_back(layer->forward_then(concat({at[t], at[t + 1]}, 3), {Unary::relu}));
      at = std::move(next);
    }
    return rest_->forward(at.at(0));
  }
  void visit(const nn::Visit& v) override {
    for (size_t i = 0; i < merging_.size(); ++i) v(text("merge", i + 1), *merging_[i]);
    v("rest", *rest_);
  }
  std::string type() const override { return "slow fusion"; }

 private:
  int frames_;
  std::vector<nn::Layer> merging_;
  nn::Layer rest_;
};

}  // namespace

Tensor warp(const Tensor& x, const Tensor& flow) {
  const int64_t h = x.dim(1), w = x.dim(2);
  const Tensor full = flow.dtype() == DType::bf16 ? cast(flow, DType::f32) : flow;   // places in bf16 would be whole pixels apart
  const Tensor further = concat({slice(full, 3, 0, 1) * (2.0 / double(w)), slice(full, 3, 1, 2) * (2.0 / double(h))}, 3);
  return grid_sample(x, identity_grid(h, w, false, full.dtype(), full.device()) + further, {.border = SampleBorder::clamp});
}

nn::Layer motion_estimator(int filters, double reach) { return std::make_shared<MotionEstimator>(filters, reach); }

nn::Layer frame_enlarger(const FrameEnlarger& s) {
  if (s.slow) return std::make_shared<SlowFusion>(s);
  std::vector<nn::Layer> layers{vespcn_conv(s.frames, s.width, 3), nn::relu()};
  for (int i = 1; i + 1 < s.layers; ++i) layers.push_back(vespcn_conv(s.width, s.width, 3)), layers.push_back(nn::relu());
  layers.push_back(last(s));
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
