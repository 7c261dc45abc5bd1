#include "gan/recipe.h"

#include <algorithm>
#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"

namespace ganymede {
namespace {

template <class Items, class Name>
std::string names(const Items& items, Name name) {
  std::string list;
  for (const auto& item : items) list += (list.empty() ? "" : ", ") + name(item);
  return list.empty() ? "none" : list;
}

}  // namespace

const Tensor& Batch::operator[](const std::string& name) const {
  const auto it = fields.find(name);
  if (it != fields.end()) return it->second;
  fail("the data have no field ", name, ", which this model needs; they have ", names(fields, [](const auto& f) { return f.first; }));
}

const Tensor& value_of(const Losses& losses, const std::string& name) {
  for (const Term& t : losses)
    if (t.name == name) return t.value;
  fail("no term ", name, ": there are ", names(losses, [](const Term& t) { return t.name; }));
}

Update& Update::when(const Gate& gate) {
  for (Group& g : groups)
    if (!g.gate) g.gate = gate;
  return *this;
}

Tensor SharedValue::operator()() const {
  require(state && state->value.defined(), "the shared value ", state ? state->name : "?", " is read before it is computed");
  return state->value;
}

nn::Net Recipe::net(const std::string& name, nn::Layer module) {
  for (const nn::Net& n : nets) require(n.name() != name, "two networks named ", name);
  nets.emplace_back(name, std::move(module));
  return nets.back();
}

Tensor Recipe::keep(const std::string& name, const Tensor& first_value) {
  for (const auto& k : kept) require(k.name != name, "two kept tensors named ", name);
  kept.push_back({name, first_value});
  return first_value;
}

Tensor Recipe::keep_samples(const std::string& name, const Tensor& first_value) {
  samples.push_back(name);
  return keep(name, first_value);
}

Stage& Recipe::stage(const std::string& name, int64_t steps, std::function<void()> enter) {
  const bool unused = stages.size() == 1 && stages[0].updates.empty() && stages[0].shared_values.empty();
  if (unused) stages.clear();
  stages.push_back({name, steps, {}, {}, std::move(enter)});
  return stages.back();
}

SharedValue Recipe::shared(const std::string& name, std::vector<nn::Net> moved, std::function<Tensor(const Batch&)> compute) {
  SharedValue v{std::make_shared<SharedValue::State>(SharedValue::State{name, std::move(moved), std::move(compute), {}})};
  stages.back().shared_values.push_back(v);
  return v;
}

Update& Recipe::update(const std::string& name, std::vector<nn::Net> moved, const nn::Optim& optim, std::function<Losses(const Batch&)> loss) {
  return update(name, {Group{std::move(moved), optim}}, std::move(loss));
}

Update& Recipe::update(const std::string& name, std::vector<Group> groups, std::function<Losses(const Batch&)> loss) {
  auto& updates = stages.back().updates;
  for (const Update& u : updates) require(u.name != name, "two updates named ", name);
  updates.push_back({name, std::move(groups), std::move(loss)});
  return updates.back();
}

Update& Recipe::further(const std::string& of, const std::string& name, std::function<Losses(const Batch&)> loss) {
  const auto& updates = stages.back().updates;
  const auto first = std::find_if(updates.begin(), updates.end(), [&](const Update& u) { return u.name == of; });
  require(first != updates.end(), "update ", name, " goes on with the optimiser of ", of, "; the stage's earlier updates are ", names(updates, [](const Update& u) { return u.name; }));
  require(first->optimiser_of.empty(), "update ", name, " goes on with the optimiser of ", of, ", which has that of ", first->optimiser_of, "; name that one");
  Update& u = update(name, std::vector<Group>(first->groups), std::move(loss));
  u.optimiser_of = of;
  return u;
}

Tensor Recipe::draw(int64_t n, const Batch& batch) const {
  if (sample) return sample(n, batch);
  require(bool(latent), "this model draws no samples from noise");
  Tensor labels;
  if (latent.classes > 0) {
    std::vector<int64_t> in_turn(static_cast<size_t>(n));
    for (size_t i = 0; i < in_turn.size(); ++i) in_turn[i] = int64_t(i) % latent.classes;
    labels = tensor(in_turn, Shape{n}, context().device);
  }
  return latent.decode(latent.draw(n) * latent.temperature, labels);
}

int Recipe::batches() const {
  int most = 1;
  for (const Stage& s : stages)
    for (const Update& u : s.updates) most = std::max(most, u.first_batch + u.repeat);
  return most;
}

int64_t Recipe::steps() const {
  int64_t sum = 0;
  for (const Stage& s : stages) {
    if (s.steps == 0) return 0;
    sum += s.steps;
  }
  return sum;
}

double Recipe::cost(int64_t iterations) const {
  double sum = 0;
  for (const Stage& s : stages) {
    const int64_t here = s.steps > 0 && &s != &stages.back() ? std::min(iterations, s.steps) : iterations;
    sum += double(here) * s.cost;
    iterations -= here;
  }
  return sum;
}

}  // namespace ganymede
