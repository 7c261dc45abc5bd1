#include "tests/gan/model_fixture.h"

#include "nn/init.h"

namespace ganymede::test {

std::map<std::string, std::string> tiny_settings(const std::string& model) {
  if (model == "gan") return {{"width", "12"}, {"units", "6"}, {"latent", "5"}};
  return {{"width", "4"}, {"latent", "5"}};
}

Tiny::Tiny(const TinyModel& tiny) {
  Context& c = context();
  c.device = tiny.device, c.dtype = tiny.dtype, c.precision = tiny.precision;
  const Model& m = find_model(tiny.model);
  data::Options o;
  o.size = 16, o.channels = 1, o.seed = 3;
  dataset_ = data::open_dataset("shapes", o);
  DataFacts facts;
  facts.size = 16, facts.channels = 1, facts.classes = dataset_->classes();
  auto settings = tiny_settings(tiny.model);
  for (const auto& [k, v] : tiny.settings) settings[k] = v;
  config_ = Config(facts, settings);
  config_.batch = 2, config_.steps = 10;
  nn::seed_parameters(tiny.seed);
  Recipe r = m.recipe(config_);
  config_.check_all_read();
  loader_ = std::make_unique<data::Loader>(*dataset_, 2, tiny.seed, 0);
  trainer_ = std::make_unique<Trainer>(std::move(r), TrainerOptions{2, tiny.seed, tiny.capture}, dataset_->fields(), loader_.get());
}

Tiny::~Tiny() { trainer_.reset(); }

std::map<std::string, std::vector<double>> Tiny::state() const {
  std::map<std::string, std::vector<double>> s;
  for (const auto& [name, t] : trainer_->state()) {
    if (is_floating(t.dtype())) s[name] = t.to_doubles();
    else {
      const auto v = t.to_integers();
      s[name] = {v.begin(), v.end()};
    }
  }
  return s;
}

}  // namespace ganymede::test
