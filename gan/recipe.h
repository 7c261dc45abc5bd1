// A model as a declaration: its networks, how each is moved, how to draw from it. The trainer does the rest: it alternates,
// differentiates, captures, logs, samples, saves and resumes.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "nn/net.h"
#include "nn/optim.h"

namespace ganymede {

// What one iteration sees of the data: tensors by field name ("image" [N, H, W, C] in [-1, 1], "label" [N], ...).
struct Batch {
  int64_t size = 0;
  std::map<std::string, Tensor> fields;
  const Tensor& operator[](const std::string& name) const;  // throws naming the fields there are
  const Tensor& image() const { return (*this)["image"]; }
};

// A named part of a loss. An update moves its networks down the sum of its terms.
struct Term {
  std::string name;
  Tensor value;               // one element
  std::string formula;        // for `explain --losses`
  std::vector<nn::Net> moves = {};  // if given, only these of the update's networks follow this term
  bool shown = false;         // only logged, not part of the loss
};
using Losses = std::vector<Term>;

// Logged beside the losses, such as D's mean output on real pictures.
inline Term shown(std::string name, Tensor value, std::string formula = "") { return {std::move(name), std::move(value), std::move(formula), {}, true}; }

// Networks that move together under one optimiser.
struct Group {
  std::vector<nn::Net> nets;
  nn::Optim optim;
};

struct Update {
  std::string name;
  std::vector<Group> groups;
  std::function<Losses(const Batch&)> loss;
  int repeat = 1;             // runs an iteration, each on a batch of its own
  int interval = 1;           // runs only in iterations divisible by it
  std::function<Tensor(const Batch&)> gate = {};  // f32 scalar on the device: 0 skips the step
  Update& times(int n) { repeat = n; return *this; }
  Update& every(int n) { interval = n; return *this; }
  Update& when(std::function<Tensor(const Batch&)> g) { gate = std::move(g); return *this; }
};

// A value that is computed once an iteration and used by several updates: to an update that does not move the networks
// behind it, it is data; to one that does, it can be differentiated until they move.
class SharedValue {
 public:
  Tensor operator()() const;  // throws outside an iteration
  struct State;
  std::shared_ptr<State> state;
};
struct SharedValue::State {
  std::string name;
  std::vector<nn::Net> nets;
  std::function<Tensor(const Batch&)> compute;
  Tensor value;
};

enum class Statistics { batch, running };  // what batch norms use when sampling

struct Recipe {
  std::vector<nn::Net> nets;
  std::vector<SharedValue> shared_values;
  std::vector<Update> updates;
  // Pictures [n, H, W, C] in [-1, 1] from noise drawn inside (and, for conditional models, from the batch's fields).
  std::function<Tensor(int64_t n, const Batch&)> sample;
  Statistics sample_statistics = Statistics::running;
  // Parameters that no term can move, by full name ("critic.linear1.bias"): a difference of critics cancels its last bias.
  std::vector<std::string> without_gradient;
  double average = 0;         // decay of the average of the generators' weights that samples are drawn from; 0: none
  std::vector<nn::Net> averaged;  // the networks that have one

  nn::Net net(const std::string& name, nn::Layer module);
  SharedValue shared(const std::string& name, std::vector<nn::Net> nets, std::function<Tensor(const Batch&)> compute);
  Update& update(const std::string& name, std::vector<nn::Net> nets, const nn::Optim& optim, std::function<Losses(const Batch&)> loss);
  Update& update(const std::string& name, std::vector<Group> groups, std::function<Losses(const Batch&)> loss);
};

}  // namespace ganymede
