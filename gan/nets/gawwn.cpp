#include "gan/nets/gawwn.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/labelled.h"
#include "gan/nets/location.h"
#include "gan/nets/text_conv.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

using nn::Layer;
using Layers = std::vector<Layer>;

constexpr double kGawwnSlope = 0.2;

// A layer with a norm and a function behind it, which takes a bias's place.
void add(Layers& to, const Layer& layer, int channels, const Layer& f) { to.insert(to.end(), {layer, dcgan_norm(channels), f}); }
Layer half(int in, int out) { return nn::conv(in, out, {.kernel = 4, .stride = 2, .padding = 1, .bias = false}); }
Layer twice(int in, int out, bool bias = false) { return nn::deconv(in, out, {.kernel = 4, .stride = 2, .padding = 1, .bias = bias}); }
Layer gawwn_conv(int in, int out, int kernel = 3) { return nn::conv(in, out, {.kernel = kernel, .padding = kernel / 2, .bias = false}); }
Layer from_four(int in, int out) { return nn::conv(in, out, {.kernel = 4, .bias = false}); }   // 4 x 4 to one
Layer to_four(int in, int out) { return nn::deconv(in, out, {.kernel = 4, .bias = false}); }
Layer unbiased(int in, int out) { return nn::linear(in, out, false); }

// Halvings from `from` to `to`; none if there is no such number.
int halvings(int from, int to) {
  int k = 0;
  while (from > to && from % 2 == 0) from /= 2, ++k;
  return from == to ? k : 0;
}
int grid_halvings(const GawwnSize& s) {
  const int k = halvings(s.grid, 4);
  if (k < 1) throw UsageError(text("setting grid=", s.grid, ": it must be 8, 16, 32, ..."));
  return k;
}
int picture_halvings(const GawwnSize& s) {
  const int k = halvings(s.size, s.grid);
  if (k < 1) throw UsageError(text("setting grid=", s.grid, " of pictures of ", s.size, " px: they must have 2, 4, 8, ... times as many; set grid or --size"));
  return k;
}

Tensor tiled(const Tensor& v, int64_t side) { return broadcast_to(reshape(v, Shape{v.dim(0), 1, 1, v.dim(1)}), Shape{v.dim(0), side, side, v.dim(1)}); }
Tensor as_cell(const Tensor& v) { return reshape(v, Shape{v.dim(0), 1, 1, v.dim(1)}); }

// Of a network that takes several tensors.
class Several : public nn::Module {
 public:
  using Module::forward;
  Tensor forward(const Tensor&) override { fail(describe(), ": takes several tensors"); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == inputs(), describe(), ": was given ", xs.size(), " tensors");
    return {of(xs)};
  }
  bool batches_pass_together() const override { return true; }
 protected:
  virtual size_t inputs() const { return 3; }
  virtual Tensor of(const Tensors& xs) = 0;
};

class BoxGenerator : public Several {
 public:
  explicit BoxGenerator(const GawwnSize& s)
      : s_(s), text_(nn::linear(s.text, 4 * s.width)), z_global_(nn::linear(s.latent, 4 * s.width)), z_local_(nn::linear(s.latent, 4 * s.width)) {
    const int w = s.width, k = grid_halvings(s), doublings = picture_halvings(s);
    const Layer f = nn::relu();
    Layers read, global, local, merge;
    for (int i = 0; i < k; ++i) add(read, half(4 * w, 4 * w), 4 * w, f);
    add(read, from_four(4 * w, 4 * w), 4 * w, f);
    int c = 2 * w << k;   // at 4 cells, of both paths but for the last map of the local one
    add(global, to_four(8 * w, c), c, f);
    for (; c > 2 * w; c /= 2) add(global, twice(c, c / 2), c / 2, f);
    c = 2 * w << k;
    local.insert(local.end(), {to_four(8 * w, c), dcgan_norm(c)});
    for (; c > 2 * w; c /= 2) {
      text_bottleneck(local, c, f);
      local.insert(local.end(), {twice(c, c / 2), dcgan_norm(c / 2)});
    }
    add(merge, gawwn_conv(4 * w, 2 * w), 2 * w, f);
    c = 2 * w;
    for (int i = 1, next = w; i < doublings; ++i, c = next, next = std::max(1, next / 4)) add(merge, twice(c, next), next, f);
    merge.insert(merge.end(), {twice(c, s.channels, true), nn::tanh()});
    read_ = nn::sequential(read), global_ = nn::sequential(global), local_ = nn::sequential(local), merge_ = nn::sequential(merge);
  }
  void visit(const nn::Visit& v) override {
    v("text", *text_), v("z_global", *z_global_), v("z_local", *z_local_), v("read", *read_), v("global", *global_), v("local", *local_), v("merge", *merge_);
  }
  std::string type() const override { return "box_generator"; }
 protected:
  Tensor of(const Tensors& xs) override {
    const Tensor &z = xs[0], &box = xs[2], t = text_->forward(xs[1]);
    const auto placed = [&](const Tensor& map) { return s_.located ? paste(map, box) : map; };
    const Tensor said = reshape(read_->forward(placed(tiled(t, s_.grid))), Shape{z.dim(0), 4 * s_.width});
    const Tensor global = global_->forward(as_cell(concat({relu(z_global_->forward(z)), said}, 1)));
    const Tensor local = local_->forward(as_cell(relu(concat({z_local_->forward(z), t}, 1))));
    return merge_->forward_beside(global, relu(placed(local)));
  }
 private:
  GawwnSize s_;
  Layer text_, z_global_, z_local_, read_, global_, local_, merge_;
};

class KeypointGenerator : public Several {
 public:
  explicit KeypointGenerator(const GawwnSize& s) : s_(s), maps_(s.keypoints, s.grid), text_(nn::linear(s.text, 4 * s.width)), z_(nn::linear(s.latent, 4 * s.width)) {
    const int w = s.width, k = grid_halvings(s), doublings = picture_halvings(s);
    const Layer f = nn::relu();
    Layers wanted, region, read, whole, global, merge;
    add(wanted, unbiased(8 * w, 4 * w), 4 * w, f);
    add(region, gawwn_conv(4 * w, 4 * w), 4 * w, f);
    int c = s.keypoints;
    for (int i = 0, next = w; i < k; ++i, c = next, next *= 2) add(read, half(c, next), next, f);
    add(read, from_four(c, 4 * w), 4 * w, f);
    add(whole, unbiased(8 * w, 4 * w), 4 * w, f);
    c = w << k;
    add(global, to_four(8 * w, c), c, f);
    for (; c > w; c /= 2) add(global, twice(c, c / 2), c / 2, f);
    add(merge, gawwn_conv(5 * w + s.keypoints, 4 * w), 4 * w, f);
    merge.insert(merge.end(), {gawwn_conv(4 * w, 4 * w), dcgan_norm(4 * w)});
    text_bottleneck(merge, 4 * w, f);
    c = 4 * w;
    for (int i = 1; i < doublings; ++i, c = std::max(1, c / 2)) add(merge, twice(c, std::max(1, c / 2)), std::max(1, c / 2), f);
    merge.insert(merge.end(), {twice(c, s.channels, true), nn::tanh()});
    wanted_ = nn::sequential(wanted), region_ = nn::sequential(region), read_ = nn::sequential(read), whole_ = nn::sequential(whole);
    global_ = nn::sequential(global), merge_ = nn::sequential(merge);
  }
  void visit(const nn::Visit& v) override {
    v("text", *text_), v("z", *z_), v("wanted", *wanted_), v("region", *region_), v("read", *read_), v("whole", *whole_), v("global", *global_), v("merge", *merge_);
  }
  std::string type() const override { return "keypoint_generator"; }
 protected:
  Tensor of(const Tensors& xs) override {
    const Tensor maps = maps_(xs[2]), both = relu(concat({z_->forward(xs[0]), text_->forward(xs[1])}, 1));
    const Tensor wanted = tiled(wanted_->forward(both), s_.grid), region = region_->forward(s_.gated ? wanted * gate_of(maps) : wanted);
    const Tensor read = reshape(read_->forward(maps), Shape{maps.dim(0), 4 * s_.width});
    return merge_->forward(concat({global_->forward(as_cell(concat({read, whole_->forward(both)}, 1))), region, maps}, 3));
  }
 private:
  GawwnSize s_;
  KeypointMaps maps_;
  Layer text_, z_, wanted_, region_, read_, whole_, global_, merge_;
};

class GawwnDiscriminator : public Several {
 public:
  GawwnDiscriminator(const GawwnSize& s, bool keypoints) : s_(s), keypoints_(keypoints), text_(nn::linear(s.text, s.projected)) {
    const int d = s.width, k = grid_halvings(s), doublings = picture_halvings(s);
    const Layer f = nn::leaky_relu(kGawwnSlope);
    Layers trunk, fused, local, image, said, global;
    for (int i = 1; i < doublings; ++i) trunk.insert(trunk.end(), {nn::conv(i == 1 ? s.channels : d, d, {.kernel = 4, .stride = 2, .padding = 1}), f});
    add(trunk, half(doublings == 1 ? s.channels : d, 2 * d), 2 * d, f);
    add(trunk, gawwn_conv(2 * d, 2 * d), 2 * d, f);
    const auto add_cells = [&](Layers& to, int in, int out, int kernel) {
      if (s.norms != GawwnSize::Norms::apart) add(to, gawwn_conv(in, out, kernel), out, f);
      else to.insert(to.end(), {nn::conv(in, out, {.kernel = kernel, .padding = kernel / 2, .weight = nn::init::he_normal(in * kernel * kernel, kGawwnSlope)}), f});
    };
    add_cells(fused, 2 * d + s.projected, 2 * d, 3);
    if (keypoints) maps_ = std::make_unique<KeypointMaps>(s.keypoints, s.grid);
    add_cells(local, 2 * d + (keypoints ? s.keypoints : 0), 2 * d, 1);
    local.insert(local.end(), {nn::conv(2 * d, d, {.kernel = 1}), nn::global_mean(), f});
    int c = 2 * d;
    for (int i = 0; i < k; ++i, c *= 2) add(image, half(c, 2 * c), 2 * c, f);
    int t = s.projected;
    if (!keypoints)
      for (int i = 1; i <= k; ++i) {
        const int next = i < k ? 4 * d : d;
        add(said, half(t, next), next, nn::relu()), t = next;
      }
    add_cells(global, c + t, 4 * d, 1);
    const bool vectors = s.norms == GawwnSize::Norms::all;
    const auto add_vector = [&](Layers& to, const Layer& bare, const Layer& biased) {
      to.push_back(vectors ? bare : biased);
      if (vectors) to.push_back(dcgan_norm(d));
      to.push_back(f);
    };
    add_vector(global, from_four(4 * d, d), nn::conv(4 * d, d, {.kernel = 4}));
    trunk_ = nn::sequential(trunk), fused_ = nn::sequential(fused), local_ = nn::sequential(local), image_ = nn::sequential(image), global_ = nn::sequential(global);
    if (!keypoints) said_ = nn::sequential(said);
    Layers head;
    add_vector(head, unbiased(2 * d, d), nn::linear(2 * d, d));
    head.push_back(nn::linear(d, 1));
    head_ = nn::sequential(head);
  }
  void visit(const nn::Visit& v) override {
    v("text", *text_), v("trunk", *trunk_), v("fused", *fused_), v("local", *local_), v("image", *image_);
    if (said_) v("said", *said_);
    v("global", *global_), v("head", *head_);
  }
  std::string type() const override { return "discriminator"; }
 protected:
  Tensor of(const Tensors& xs) override {
    const Tensor &where = xs[2], t = text_->forward_then(xs[1], {Unary::leaky_relu, kGawwnSlope}), seen = trunk_->forward(xs[0]);
    Tensor inside = fused_->forward(beside(seen, t)), said;
    if (keypoints_) {
      const Tensor maps = (*maps_)(where);
      inside = concat({s_.gated ? inside * gate_of(maps) : inside, maps}, 3), said = tiled(t, 4);
    } else {
      if (s_.located) inside = crop(inside, where);
      const Tensor plane = tiled(t, s_.grid);
      said = said_->forward(s_.located ? paste(plane, where) : plane);
    }
    const Tensor global = global_->forward_beside(image_->forward(seen), said);
    return head_->forward(concat({local_->forward(inside), reshape(global, Shape{global.dim(0), s_.width})}, 1));
  }
 private:
  GawwnSize s_;
  bool keypoints_;
  std::unique_ptr<KeypointMaps> maps_;
  Layer text_, trunk_, fused_, local_, image_, said_, global_, head_;
};

class KeypointCompletion : public Several {
 public:
  KeypointCompletion(int latent, int text, int keypoints, int units) : keypoints_(keypoints), z_(nn::linear(latent, units)), text_(nn::linear(text, units)) {
    const Layer f = nn::relu();
    Layers given, joint;
    add(given, unbiased(3 * keypoints, units), units, f);
    add(given, unbiased(units, units / 2), units / 2, f);
    int c = 2 * units + units / 2;
    for (const int next : {2 * units, units, units / 2}) add(joint, unbiased(c, next), next, f), c = next;
    joint.insert(joint.end(), {nn::linear(c, 3 * keypoints), nn::sigmoid()});
    given_ = nn::sequential(given), joint_ = nn::sequential(joint);
  }
  void visit(const nn::Visit& v) override { v("z", *z_), v("text", *text_), v("given", *given_), v("joint", *joint_); }
  std::string type() const override { return "keypoint_completion"; }
 protected:
  Tensor of(const Tensors& xs) override {
    const Tensor& given = xs[2];
    const Shape each{given.dim(0), keypoints_, 3};
    const Tensor made = joint_->forward(concat({z_->forward_then(xs[0], {Unary::relu}), text_->forward_then(xs[1], {Unary::relu}), given_->forward(given)}, 1));
    const Tensor k = reshape(given, each), s = slice(k, 2, 2, 3);
    return reshape(s * k + (1.0 - s) * reshape(made, each), given.shape());
  }
 private:
  int64_t keypoints_;
  Layer z_, text_, given_, joint_;
};

class KeypointJudge : public Several {
 public:
  KeypointJudge(int text, int keypoints, int units, bool norms) {
    const Layer f = nn::leaky_relu(kGawwnSlope);
    const auto add_vector = [&](Layers& to, int in, int out) {
      if (norms) add(to, unbiased(in, out), out, f);
      else to.insert(to.end(), {nn::linear(in, out, true, nn::init::he_normal(in, kGawwnSlope)), f});
    };
    const auto path = [&](int in) {
      Layers to;
      add_vector(to, in, units), add_vector(to, units, units / 2);
      return nn::sequential(to);
    };
    points_ = path(3 * keypoints), text_ = path(text);
    Layers joint;
    add_vector(joint, 2 * (units / 2), units / 2);
    joint.push_back(nn::linear(units / 2, 1));
    joint_ = nn::sequential(joint);
  }
  void visit(const nn::Visit& v) override { v("points", *points_), v("text", *text_), v("joint", *joint_); }
  std::string type() const override { return "keypoint_judge"; }
 protected:
  size_t inputs() const override { return 2; }
  Tensor of(const Tensors& xs) override { return joint_->forward(concat({points_->forward(xs[0]), text_->forward(xs[1])}, 1)); }
 private:
  Layer points_, text_, joint_;
};

}  // namespace

Layer box_generator(const GawwnSize& s) { return std::make_shared<BoxGenerator>(s); }
Layer keypoint_generator(const GawwnSize& s) { return std::make_shared<KeypointGenerator>(s); }
Layer box_discriminator(const GawwnSize& s) { return std::make_shared<GawwnDiscriminator>(s, false); }
Layer keypoint_discriminator(const GawwnSize& s) { return std::make_shared<GawwnDiscriminator>(s, true); }
Layer keypoint_completion(int latent, int text, int keypoints, int units) { return std::make_shared<KeypointCompletion>(latent, text, keypoints, units); }
Layer keypoint_judge(int text, int keypoints, int units, bool norms) { return std::make_shared<KeypointJudge>(text, keypoints, units, norms); }

}  // namespace ganymede::nets
