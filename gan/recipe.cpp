#include "gan/recipe.h"

#include "engine/check.h"

namespace ganymede {

const Tensor& Batch::operator[](const std::string& name) const {
  const auto it = fields.find(name);
  if (it != fields.end()) return it->second;
  std::string list;
  for (const auto& [n, t] : fields) list += (list.empty() ? "" : ", ") + n;
  fail("the data have no field ", name, ", which this model needs; they have ", list.empty() ? "none" : list);
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

SharedValue Recipe::shared(const std::string& name, std::vector<nn::Net> moved, std::function<Tensor(const Batch&)> compute) {
  SharedValue v{std::make_shared<SharedValue::State>(SharedValue::State{name, std::move(moved), std::move(compute), {}})};
  shared_values.push_back(v);
  return v;
}

Update& Recipe::update(const std::string& name, std::vector<nn::Net> moved, const nn::Optim& optim, std::function<Losses(const Batch&)> loss) {
  return update(name, {Group{std::move(moved), optim}}, std::move(loss));
}

Update& Recipe::update(const std::string& name, std::vector<Group> groups, std::function<Losses(const Batch&)> loss) {
  for (const Update& u : updates) require(u.name != name, "two updates named ", name);
  updates.push_back({name, std::move(groups), std::move(loss)});
  return updates.back();
}

}  // namespace ganymede
