#include "engine/autograd.h"

#include <map>
#include <unordered_map>
#include <unordered_set>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"
#include "engine/ops/elementwise.h"

namespace ganymede {

// Long chains are taken apart with a loop: the default would recurse once a node.
Node::~Node() {
  std::vector<std::shared_ptr<Node>> doomed;
  const auto strip = [&](Node& node) {
    for (Edge& e : node.inputs)
      if (e.node && e.node.use_count() == 1) doomed.push_back(std::move(e.node));
    node.inputs.clear();
  };
  strip(*this);
  while (!doomed.empty()) {
    std::shared_ptr<Node> node = std::move(doomed.back());
    doomed.pop_back();
    // The backward closure holds handles to the same upstream nodes; edges go first so that it does not hold the last one.
    BackwardFunction backward = std::move(node->backward);
    strip(*node);
  }
}

const Tensor& Saved::operator()() const {
  if (value_.defined() && value_.storage()->version != version_)
    fail(op_, ": a tensor of shape ", value_.shape(), " saved for the gradient was written afterwards (version ", version_,
         " then, ", value_.storage()->version, " now); differentiate before its network moves");
  return value_;
}

Tensor Backward::output(int k) const {
  require(node_->outputs[k].kept.defined(), node_->name, ": its output was not kept for the gradient");
  return node_->outputs[k].kept.with_node(node_, k);
}

bool live(const Tensor& t) { return t.node() && (t.node()->backward || t.node()->watched > 0); }

namespace {

std::shared_ptr<Node> make_node(const char* name, const Tensors& inputs, BackwardFunction backward) {
  if (!context().recording) return nullptr;
  bool any = false;
  for (const Tensor& t : inputs) any |= t.defined() && live(t);
  if (!any) return nullptr;
  auto node = std::make_shared<Node>();
  node->name = name;
  for (const Tensor& t : inputs) {
    if (t.defined() && live(t)) node->inputs.push_back({t.node(), t.output()});
    else node->inputs.push_back({});
  }
  node->backward = std::move(backward);
  return node;
}

}  // namespace

Tensor record(const char* name, const Tensor& y, const Tensors& inputs, BackwardFunction backward, bool keep_output, const Mask& mask) {
  auto node = make_node(name, inputs, std::move(backward));
  if (!node) return y;
  node->outputs.push_back({y.shape(), y.dtype(), y.device(), keep_output ? y.constant() : Tensor{}});
  if (mask) node->outputs.push_back({y.shape(), y.dtype(), y.device(), {}});
  node->mask = mask;
  return y.with_node(node, 0);
}

Tensors record(const char* name, const Tensors& ys, const Tensors& inputs, BackwardFunction backward) {
  auto node = make_node(name, inputs, std::move(backward));
  if (!node) return ys;
  Tensors out;
  for (const Tensor& y : ys) {
    node->outputs.push_back({y.shape(), y.dtype(), y.device(), {}});
    out.push_back(y.with_node(node, int(out.size())));
  }
  return out;
}

Tensor leaf(const Tensor& t) {
  auto node = std::make_shared<Node>();
  node->outputs.push_back({t.shape(), t.dtype(), t.device(), {}});
  return t.with_node(node, 0);
}

Tensor watch(const Tensor& t) {
  Tensor y = leaf(t);
  y.node()->watched = 1;
  return y;
}

Watch::Watch(Tensors leaves) : leaves_(std::move(leaves)) {
  for (const Tensor& t : leaves_) {
    require(t.node() && !t.node()->backward, "Watch: a tensor of shape ", t.shape(), " is not a leaf");
    ++t.node()->watched;
  }
}
Watch::~Watch() {
  for (const Tensor& t : leaves_) --t.node()->watched;
}

namespace {

using Key = std::pair<Node*, int>;

// Nodes below the roots from which a target can be reached, inputs before the nodes that use them.
struct Plan {
  std::vector<std::shared_ptr<Node>> order;
  std::unordered_map<Node*, bool> reaches;
};

Plan plan_walk(const Tensors& ys, const std::map<Key, int>& targets) {
  Plan plan;
  std::vector<std::pair<std::shared_ptr<Node>, size_t>> stack;
  for (const Tensor& y : ys) {
    if (!y.node() || plan.reaches.count(y.node().get())) continue;
    plan.reaches[y.node().get()] = false;
    stack.emplace_back(y.node(), 0);
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (next < node->inputs.size()) {
        const auto& in = node->inputs[next++].node;
        if (in && plan.reaches.emplace(in.get(), false).second) stack.emplace_back(in, 0);
        continue;
      }
      bool reaches = false;
      for (const auto& e : node->inputs)
        if (e.node) reaches |= plan.reaches[e.node.get()] || targets.count({e.node.get(), e.output});
      plan.reaches[node.get()] = reaches;
      if (reaches) plan.order.push_back(node);
      stack.pop_back();
    }
  }
  return plan;
}

// Larger parts are added up as they come: the launch costs little there, and memory is held for one gradient only.
constexpr int64_t kSmallPart = int64_t{1} << 20;  // elements

Tensor sum_of(Tensors& parts) {
  for (; parts.size() > 1; parts.erase(parts.begin() + 1)) parts[0] = add(parts[0], parts[1]);
  return parts[0];
}

// What each target's gradient is the sum of.
std::vector<Tensors> differentiate(const Tensors& ys, const Tensors& targets, const Tensors& cotangents, Record mode) {
  std::map<Key, int> wanted;
  for (const Tensor& t : targets) {
    require(t.node() != nullptr, "grad: a target of shape ", t.shape(), " was neither watched nor recorded");
    wanted[{t.node().get(), t.output()}] = 0;
  }
  ContextScope scope;
  context().recording = mode == Record::on;
  std::map<Key, Tensors> found;
  const auto add_to = [&](const Key& key, const Tensor& g) {
    Tensors& parts = found[key];
    parts.push_back(g);
    if (g.count() > kSmallPart) sum_of(parts);
  };
  const Plan plan = plan_walk(ys, wanted);
  for (size_t i = 0; i < ys.size(); ++i) {
    if (!ys[i].node()) continue;
    const bool given = i < cotangents.size() && cotangents[i].defined();
    if (given)
      require(cotangents[i].shape() == ys[i].shape(), "grad: a cotangent of shape ", cotangents[i].shape(), " for a value of shape ", ys[i].shape());
    add_to({ys[i].node().get(), ys[i].output()}, given ? cotangents[i] : uniform_constant(ys[i].shape(), 1, ys[i].dtype(), ys[i].device()));
  }
  for (auto it = plan.order.rbegin(); it != plan.order.rend(); ++it) {
    const std::shared_ptr<Node>& node = *it;
    Tensors cotangent(node->outputs.size());
    bool any = false;
    for (size_t k = 0; k < cotangent.size(); ++k) {
      const Key key{node.get(), int(k)};
      const auto f = found.find(key);
      if (f == found.end()) continue;
      cotangent[k] = sum_of(f->second);
      any = true;
      if (!wanted.count(key)) found.erase(f);
    }
    if (!any) continue;
    std::vector<bool> needs;
    std::vector<Mask> masks;
    for (const auto& e : node->inputs) {
      const bool asked = e.node && wanted.count({e.node.get(), e.output});
      const auto r = plan.reaches.find(e.node.get());
      needs.push_back((r != plan.reaches.end() && r->second) || asked);
      masks.push_back(e.node && !asked ? e.node->mask : Mask{});
    }
    Backward backward(node, std::move(cotangent), needs, std::move(masks));
    node->backward(backward);
    std::vector<Backward::Part> all;
    for (size_t i = 0; i < node->inputs.size(); ++i) all.push_back({int(i), backward.results[i], backward.masked[i]});
    all.insert(all.end(), backward.more.begin(), backward.more.end());
    for (const auto& [i, g, masked] : all) {
      const auto& e = node->inputs[size_t(i)];
      if (!needs[size_t(i)] || !g.defined()) continue;
      const Node::Output& out = e.node->outputs[e.output];
      require(g.shape() == out.shape && g.dtype() == out.dtype, node->name, ": the gradient of input ", i, " is ", g.dtype(), " ",
              g.shape(), ", the input ", out.dtype, " ", out.shape);
      add_to({e.node.get(), masked ? e.output + 1 : e.output}, g);
    }
  }
  std::vector<Tensors> result;
  for (const Tensor& t : targets) {
    const auto f = found.find({t.node().get(), t.output()});
    result.push_back(f == found.end() ? Tensors{} : f->second);
  }
  return result;
}

}  // namespace

Tensors grad(const Tensors& ys, const Tensors& targets, const Tensors& cotangents, Record mode) {
  std::vector<Tensors> parts = differentiate(ys, targets, cotangents, mode);
  ContextScope scope;
  context().recording = mode == Record::on;
  Tensors sums;
  for (Tensors& p : parts) sums.push_back(p.empty() ? Tensor{} : sum_of(p));
  return sums;
}

std::vector<Tensors> gradient_parts(const Tensors& ys, const Tensors& targets) { return differentiate(ys, targets, {}, Record::off); }

Tensor grad(const Tensor& y, const Tensor& target, Record mode) { return grad(Tensors{y}, {target}, {}, mode)[0]; }

Tensors differentiate_gradient(const std::function<Tensor(const Tensors&)>& f, const Tensors& x, const Tensor& g,
                               const Tensors& h, const std::vector<bool>& needs) {
  // Recorded whatever the caller's mode: the gradients are differentiated once more right away.
  ContextScope scope;
  const Record outer = context().recording ? Record::on : Record::off;
  context().recording = true;
  // Aliases make x and g ends of their own for this inner differentiation, and keep their past for the orders above.
  const auto end = [](const Tensor& t) {
    if (!t.defined()) return Tensor{};
    const Tensor a = record("alias", t.constant(), {t}, [](Backward& b) { b.results[0] = b.grad(); });
    return a.node() ? a : watch(a);
  };
  Tensors inner, first, cotangents, targets;
  for (const Tensor& t : x) inner.push_back(end(t));
  const Tensor inner_g = end(g);
  for (size_t i = 0; i < x.size(); ++i)
    if (h[i].defined()) first.push_back(inner[i]), cotangents.push_back(h[i]);
  for (size_t i = 0; i <= x.size(); ++i)
    if (needs[i]) targets.push_back(i < x.size() ? inner[i] : inner_g);
  const Tensors dx = grad(Tensors{f(inner)}, first, {inner_g}, Record::on);
  Tensors ys, cots;
  for (size_t i = 0; i < dx.size(); ++i)
    if (dx[i].defined()) ys.push_back(dx[i]), cots.push_back(cotangents[i]);
  const Tensors found = grad(ys, targets, cots, outer);
  Tensors result(x.size() + 1);
  size_t k = 0;
  for (size_t i = 0; i <= x.size(); ++i)
    if (needs[i]) result[i] = found[k++];
  return result;
}

}  // namespace ganymede
