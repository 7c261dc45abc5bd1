// Optimisers: what a recipe says (Optim), and the state that moves a network (Stepper).
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nn/net.h"

namespace ganymede::nn {

// A factor on the learning rate as a function of the update's steps done so far, with words for `explain`.
struct Schedule {
  std::string text = "constant";
  std::function<double(int64_t step)> factor = [](int64_t) { return 1.0; };
};
Schedule constant_rate();
Schedule linear_decay(int64_t from, int64_t to);             // 1 until `from`, then linearly to 0 at `to`
Schedule warm_up(int64_t steps);                             // linearly from 1 / steps to 1 in the first `steps`
Schedule halve_every(int64_t steps);
// factor^(step / every) in whole powers, not below floor: once an epoch if every is an epoch's steps.
Schedule decay_every(int64_t every, double factor, double floor = 0);
Schedule exponential_decay(double factor, double floor = 0); // factor^step, not below floor
// 1 until `from`, then exponentially to `last` at `to`, where it stays.
Schedule exponential_decay_between(int64_t from, int64_t to, double last);
Schedule milestones(std::vector<int64_t> steps, double factor);  // times factor at each of the steps

// Factors on the learning rate of single parameters by name ("conv3.weight"), with words for `explain`.
struct ParameterRates {
  std::string text;              // "0.1 of it for biases"
  std::function<double(const std::string& parameter)> factor;
};

struct Optim {
  kernels::Rule rule = kernels::Rule::adam;
  // beta1: momentum of sgd and rmsprop; beta2: alpha of rmsprop
  double rate = 2e-4, beta1 = 0.5, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;
  double clip = 0;               // > 0: weights clamped to [-clip, clip] after each step
  double gradient_clip = 0;      // > 0: each element of the gradient clamped to [-gradient_clip, gradient_clip]
  double norm_clip = 0;          // > 0: the network's whole gradient scaled down to this norm where it is longer
  Schedule schedule = {};
  std::function<double(int64_t step)> momentum = {};  // overrides beta1 as momentum, by the step
  ParameterRates rates = {};     // without a factor: one rate for all
  std::string describe() const;  // "Adam, rate 0.0002, betas 0.5 0.999"
  Optim with(Schedule s) const { Optim o = *this; o.schedule = std::move(s); return o; }
  Optim with(ParameterRates r) const { Optim o = *this; o.rates = std::move(r); return o; }
  Optim decay(double w) const { Optim o = *this; o.weight_decay = w; return o; }
  Optim clipped(double c) const { Optim o = *this; o.clip = c; return o; }
  Optim gradient_clipped(double c) const { Optim o = *this; o.gradient_clip = c; return o; }
  Optim norm_clipped(double c) const { Optim o = *this; o.norm_clip = c; return o; }
};
Optim adam(double rate, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8);
Optim adamw(double rate, double beta1, double beta2, double weight_decay);
// With a step of sqrt(1 - beta2^t) / (1 - beta1^t) times the rate (kernels/api/optimizer.h).
Optim adamax(double rate, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8);
Optim sgd(double rate, double momentum = 0);
Optim rmsprop(double rate, double alpha = 0.99, double eps = 1e-8, double momentum = 0);

// Moves one network in one update. Its buffers are part of a checkpoint.
class Stepper {
 public:
  // average > 0: keeps an exponential average of the weights with this decay. Error if the optimiser is to clip its
  // gradient both by element and by norm, or to a bound that is not positive, or if a parameter's rate has a factor that is not positive.
  Stepper(Net net, Optim optim, double average = 0);
  // Writes the rate for the coming step to the device; outside captured code, before each run.
  void prepare(int64_t steps_done);
  // One step from gradients, one a parameter, undefined for zero; gate: an f32 scalar, 0 means that nothing happens.
  // Returns the squared norm of all gradients, before any clipping (one element).
  Tensor step(const Tensors& gradients, const Tensor& gate = {});
  // The same with each gradient as parts that add up, none for zero.
  Tensor step(const std::vector<Tensors>& parts, const Tensor& gate = {});
  const Net& net() const { return net_; }
  const Optim& optim() const { return optim_; }
  const Tensor& average() const { return average_; }   // flat, undefined when none is kept
  std::vector<NamedTensor> state() const;              // m, v, average: flat buffers by name; step, and step2, ... of parameters with other rates

 private:
  Net net_;
  Optim optim_;
  double decay_;
  Tensor m_, v_, average_;
  // Parameters of one rate, moved by one launch, which reads the rate and counts its steps on the device.
  struct Part {
    double factor;
    std::vector<size_t> parameters;
    Tensor step, scalars;
  };
  std::vector<Part> parts_;
};

// What one step did to a network; gradients in the order of its parameters, undefined for zero.
struct TracedStep {
  std::string net;
  Tensors gradients;
  Tensor before, after;          // the flat weights
};
// Collects the steps of this thread while it is in scope. Only for updates that are not captured.
class StepTrace {
 public:
  StepTrace();
  ~StepTrace();
  StepTrace(const StepTrace&) = delete;
  std::vector<TracedStep> steps;
};

}  // namespace ganymede::nn
