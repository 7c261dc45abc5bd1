#include "nn/optim.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"
#include "engine/ops/elementwise.h"

namespace ganymede::nn {

using kernels::Rule;

Schedule constant_rate() { return {}; }
Schedule linear_decay(int64_t from, int64_t to) {
  require(from >= 0 && to > from, "linear decay from step ", from, " to ", to);
  return {text("linear to 0 from step ", from, " to ", to),
          [=](int64_t s) { return s < from ? 1.0 : std::max(0.0, 1.0 - double(s - from) / double(to - from)); }};
}
Schedule warm_up(int64_t steps) {
  require(steps > 0, "warm-up of ", steps, " steps");
  return {text("linear from 0 to step ", steps), [=](int64_t s) { return std::min(1.0, double(s + 1) / double(steps)); }};
}
Schedule halve_every(int64_t steps) {
  Schedule halving = decay_every(steps, 0.5);
  halving.text = text("halved every ", steps, " steps");
  return halving;
}
Schedule decay_every(int64_t every, double factor, double floor) {
  require(every > 0 && factor > 0 && floor >= 0, "decay by ", factor, " every ", every, " steps, at least ", floor);
  const std::string when = every == 1 ? "every step" : text("every ", every, " steps"), least = floor > 0 ? text(", at least ", floor) : "";
  return {text("times ", factor, " ", when, least), [=](int64_t s) { return std::max(floor, std::pow(factor, double(s / every))); }};
}
Schedule exponential_decay(double factor, double floor) { return decay_every(1, factor, floor); }
Schedule exponential_decay_between(int64_t from, int64_t to, double last) {
  require(from >= 0 && to > from && last > 0, "exponential decay from step ", from, " to ", to, " down to ", last);
  return {text("exponential to ", last, " from step ", from, " to ", to),
          [=](int64_t s) { return std::pow(last, std::clamp(double(s - from) / double(to - from), 0.0, 1.0)); }};
}
Schedule milestones(std::vector<int64_t> steps, double factor) {
  std::string list;
  for (const int64_t m : steps) list += (list.empty() ? " " : ", ") + std::to_string(m);
  return {text("times ", factor, " at step", steps.size() == 1 ? "" : "s", list), [=](int64_t s) {
    double f = 1;
    for (int64_t m : steps) f *= s >= m ? factor : 1;
    return f;
  }};
}

Optim adam(double rate, double beta1, double beta2, double eps) { return {Rule::adam, rate, beta1, beta2, eps}; }
Optim adamw(double rate, double beta1, double beta2, double weight_decay) { return {Rule::adam, rate, beta1, beta2, 1e-8, weight_decay, true}; }
Optim adamax(double rate, double beta1, double beta2, double eps) { return {Rule::adamax, rate, beta1, beta2, eps}; }
Optim sgd(double rate, double momentum) { return {Rule::sgd, rate, momentum, 0, 0}; }
Optim rmsprop(double rate, double alpha, double eps, double momentum) {
  return {Rule::rmsprop, rate, momentum, alpha, eps};
}

std::string Optim::describe() const {
  std::string s;
  switch (rule) {
    case Rule::adam: s = text(decoupled ? "AdamW" : "Adam", ", rate ", rate, ", betas ", beta1, " ", beta2); break;
    case Rule::adamax: s = text("Adamax, rate ", rate, ", betas ", beta1, " ", beta2); break;
    case Rule::rmsprop:
      s = text("RMSprop, rate ", rate, ", alpha ", beta2, beta1 ? text(", momentum ", beta1) : "");
      break;
    case Rule::sgd: s = text("SGD, rate ", rate, ", momentum ", momentum ? "scheduled" : text(beta1)); break;
  }
  if (weight_decay) s += text(", weight decay ", weight_decay);
  if (gradient_clip) s += text(", gradients clipped to ", gradient_clip);
  if (norm_clip) s += text(", gradient norm clipped to ", norm_clip);
  if (clip) s += text(", weights clipped to ", clip);
  if (rates.factor) s += ", " + rates.text;
  if (schedule.text != "constant") s += ", " + schedule.text;
  return s;
}

namespace {

thread_local StepTrace* tracing = nullptr;

// Parts beyond what a segment holds are added up first.
Tensors as_many_as_fit(Tensors parts) {
  for (; parts.size() > size_t(kernels::Segment::kParts); parts.pop_back()) {
    Tensor& one_before = parts[parts.size() - 2];
    one_before = add(one_before, parts.back()).constant();
  }
  return parts;
}

Tensor sum_of(const Tensors& parts) {
  Tensor sum;
  for (const Tensor& g : parts) sum = sum ? add(sum, g).constant() : g;
  return sum;
}

Tensor copy_of(const Tensor& x) {
  const Tensor y = empty_like(x);
  assign(y, x);
  return y;
}

}  // namespace

StepTrace::StepTrace() {
  require(!tracing, "a trace of steps within another");
  tracing = this;
}
StepTrace::~StepTrace() { tracing = nullptr; }

Stepper::Stepper(Net net, Optim optim, double average) : net_(std::move(net)), optim_(std::move(optim)), decay_(average) {
  const auto& o = optim_;
  require(o.clip >= 0 && o.gradient_clip >= 0 && o.norm_clip >= 0, "optimiser of ", net_.name(), ": a bound below 0 (", o.describe(), ")");
  require(o.gradient_clip == 0 || o.norm_clip == 0, "optimiser of ", net_.name(), ": clips the gradient by element (", o.gradient_clip,
          ") and by norm (", o.norm_clip, "); choose one");
  const Shape size = net_.flat().shape();
  if (optim_.rule == Rule::adam || optim_.rule == Rule::adamax || optim_.beta1 != 0 || optim_.momentum) m_ = zeros(size);
  if (optim_.rule != Rule::sgd) v_ = zeros(size);
  if (average > 0) {
    average_ = empty_like(net_.flat());
    assign(average_, net_.flat());
    average_.storage()->parameter = true;
  }
  for (size_t i = 0; i < net_.parameters().size(); ++i) {
    const double factor = o.rates.factor ? o.rates.factor(net_.parameters()[i].name) : 1;
    require(factor > 0, "optimiser of ", net_.name(), ": the rate of ", net_.parameters()[i].name, " times ", factor, "; it must be positive");
    auto part = std::find_if(parts_.begin(), parts_.end(), [&](const Part& p) { return p.factor == factor; });
    if (part == parts_.end())
      part = parts_.insert(part, {factor, {}, full({1}, 0, DType::i64, context().device), Tensor({int64_t(sizeof(kernels::StepScalars))}, DType::u8, context().device)});
    part->parameters.push_back(i);
  }
}

void Stepper::prepare(int64_t steps_done) {
  for (const Part& part : parts_) {
    const kernels::StepScalars now{optim_.rate * part.factor * optim_.schedule.factor(steps_done), optim_.momentum ? optim_.momentum(steps_done) : optim_.beta1};
    upload(part.scalars, &now, sizeof now);
  }
}

Tensor Stepper::step(const Tensors& gradients, const Tensor& gate) {
  std::vector<Tensors> parts;
  for (const Tensor& g : gradients) parts.push_back(g ? Tensors{g} : Tensors{});
  return step(parts, gate);
}

Tensor Stepper::step(const std::vector<Tensors>& gradients, const Tensor& gate) {
  const auto& parameters = net_.parameters();
  require(gradients.size() == parameters.size(), "step of ", net_.name(), ": ", gradients.size(), " gradients for ", parameters.size(), " parameters");
  std::vector<kernels::Segment> segments;
  std::vector<Tensors> held;  // until the launches are noted
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& p = parameters[i].value;
    const Tensors& parts = held.emplace_back(as_many_as_fit(gradients[i]));
    kernels::Segment segment{p.offset() - net_.flat().offset(), p.count(), {}};
    for (size_t k = 0; k < parts.size(); ++k) {
      const Tensor& g = parts[k];
      require(g.shape() == p.shape() && g.dtype() == p.dtype(), "step of ", net_.name(), ".", parameters[i].name, ": gradient ", g.dtype(), " ", g.shape(), " for ", p.dtype(), " ", p.shape());
      segment.gradient[k] = g.data();
    }
    segments.push_back(segment);
  }
  const kernels::Optimizer problem{optim_.rule,         net_.flat().dtype(), net_.flat().count(), optim_.beta2,
                                   optim_.eps,          optim_.weight_decay, optim_.decoupled,    optim_.clip,
                                   decay_,              optim_.gradient_clip, optim_.norm_clip};
  const auto data = [](const Tensor& t) { return t ? t.data() : nullptr; };
  const Device& device = net_.flat().device();
  if (tracing) {
    Tensors sums;
    for (const Tensors& parts : gradients) sums.push_back(sum_of(parts));
    tracing->steps.push_back({net_.name(), sums, copy_of(net_.flat()), {}});
  }
  Tensor norm({1}, problem.dtype, device);
  const Tensor memory = workspace(device, [&](const kernels::Kernels& k) { return k.optimizer.norm_workspace(problem.count, int(segments.size())); });
  const bool norm_first = problem.norm_clip > 0 || parts_.size() != 1;   // known before the step, or the norm of several launches' gradients
  const std::shared_ptr<Storage> flat = net_.flat().storage(), mean = average_ ? average_.storage() : nullptr, copy = flat->low_precision.copy;
  auto* const rounded = copy && copy->data ? static_cast<kernels::Bf16*>(copy->data) + net_.flat().offset() : nullptr;
  if (norm_first)
    launch(device, [segments, t = problem.dtype, out = norm.data(), w = data(memory)](const kernels::Kernels& k, kernels::Stream s) {
      k.optimizer.gradient_norm_squared(s, t, segments.data(), int(segments.size()), out, w);
    });
  for (const Part& part : parts_) {
    const kernels::OptimizerState state{net_.flat().data(), data(m_), data(v_), data(average_), static_cast<int64_t*>(part.step.data()),
                                        static_cast<const kernels::StepScalars*>(part.scalars.data()), static_cast<const float*>(data(gate)), norm.data(), norm_first ? nullptr : data(memory), rounded};
    std::vector<kernels::Segment> own;
    for (const size_t i : part.parameters) own.push_back(segments[i]);
    launch(device, [problem, state, own, flat, mean, copy, m = m_, v = v_, count = part.step, scalars = part.scalars](const kernels::Kernels& k, kernels::Stream s) {
      k.optimizer.step(s, problem, state, own.data(), int(own.size()));
    });
  }
  on_host([flat, mean, copy] {
    const bool fresh = copy && flat->copy_is_fresh();  // a closed gate leaves a stale copy as it is
    ++flat->version;
    if (fresh) flat->low_precision.version = flat->version;
    if (copy) ++copy->version;
    if (mean) ++mean->version;
  });
  if (tracing) tracing->steps.back().after = copy_of(net_.flat());
  return norm;
}

std::vector<NamedTensor> Stepper::state() const {
  std::vector<NamedTensor> s;
  if (m_) s.push_back({"m", m_});
  if (v_) s.push_back({"v", v_});
  if (average_) s.push_back({"average", average_});
  for (size_t i = 0; i < parts_.size(); ++i) s.push_back({i ? text("step", i + 1) : "step", parts_[i].step});
  return s;
}

}  // namespace ganymede::nn
