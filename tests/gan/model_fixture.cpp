#include "tests/gan/model_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gan/facts.h"
#include "nn/init.h"

namespace ganymede::test {

TinyChoice tiny_choice(const std::string& model) {
  static const std::map<std::string, TinyChoice> choices = {
      {"gan", {.settings = {{"width", "12"}, {"units", "6"}, {"latent", "5"}}}},
      {"cgan", {.settings = {{"width", "12"}, {"latent", "5"}}}},
      {"acgan", {.settings = {{"width", "4"}, {"d_width", "2"}, {"latent", "5"}}}},
      {"infogan", {.settings = {{"width", "2"}, {"latent", "5"}}}},
      {"sagan", {.settings = {{"width", "8"}, {"latent", "5"}}, .late = {"objective=wgan", "width", "attention"}, .still = {"D.out.bias"}}},
      {"biggan", {.settings = {{"width", "2"}, {"latent", "6"}, {"embedding", "5"}, {"ema_start", "1"}}, .late = {"standing", "attention"}}},
      {"cogan", {.settings = {{"width", "4"}, {"d_width", "2"}, {"latent", "5"}}, .data = "shapes:unpaired,a=filled,b=hollow", .late = {"adaptation"}}},
      {"singan", {.settings = {{"width", "4"}, {"min_size", "12"}, {"iterations", "5"}}, .size = 24, .late = {"min_size", "max_size", "noise"}}},
      {"wgan", {.settings = {{"width", "4"}, {"latent", "5"}, {"critic_steps", "2"}, {"warm_critic_steps", "3"}, {"warm_iterations", "1"}, {"warm_every", "2"}}}},
      {"f-gan", {.settings = {{"width", "6"}, {"generator_width", "12"}, {"latent", "5"}}, .late = {"divergence=js", "bound", "gradient_norm"}}},
      {"improved-gan", {.settings = {{"width", "4"}, {"latent", "5"}, {"kernels", "3"}}, .late = {"labels"}}},
      {"wgan-gp", {.late = {"decay_steps"}}},
      {"bicyclegan", {.settings = {{"width", "3"}, {"latent", "2"}, {"scales", "1"}}, .data = "shapes:pairs", .late = {"scales", "constant_part"}}},
      {"cyclegan", {.settings = {{"width", "3"}, {"pool", "3"}}, .data = "shapes:unpaired", .late = {"constant_part"}}},
      {"discogan", {.settings = {{"width", "3"}, {"early_iterations", "1"}}, .data = "shapes:unpaired", .late = {"test"}}},
      {"dualgan", {.settings = {{"width", "3"}, {"critic_steps", "2"}}, .data = "shapes:unpaired,a=hollow,b=blue", .late = {"test"}}},
      {"distancegan", {.settings = {{"width", "3"}, {"early_iterations", "1"}, {"items", "20"}}, .data = "shapes:unpaired", .late = {"test"}}},
      {"cut", {.settings = {{"width", "3"}, {"patches", "9"}, {"projection", "4"}}, .data = "shapes:unpaired", .late = {"constant_part"}}},
      {"dtn", {.settings = {{"f_width", "3"}, {"features", "5"}, {"width", "3"}, {"d_width", "2"}, {"f_steps", "1"}}, .data = "shapes:unpaired,a=textured,b=chalk,labels=1"}},
      {"unit", {.settings = {{"width", "3"}, {"blocks", "1"}, {"d_width", "2"}}, .data = "shapes:unpaired"}},
      {"pix2pix", {.settings = {{"width", "3"}}, .data = "shapes:pairs", .late = {"constant_part", "test"}}},
      {"pan", {.settings = {{"width", "3"}, {"d_width", "2"}}, .data = "shapes:pairs,from=rain", .late = {"constant_part"}}},
      {"spade", {.settings = {{"width", "2"}, {"hidden", "3"}, {"d_width", "2"}}, .data = "shapes:pairs,from=labels", .late = {"constant_part"}, .still = {"D.scale1.out.bias", "D.scale2.out.bias"}}},
      {"deepfill", {.settings = {{"width", "2"}, {"d_width", "2"}}, .data = "holes:both,shapes"}},
      {"pldt", {.settings = {{"width", "3"}, {"d_width", "2"}, {"code", "4"}}, .data = "shapes:products,count=20", .late = {"last_part"}}},
      {"srcnn", {.settings = {{"width", "4"}, {"mapped", "3"}}, .data = "shapes:sr,scale=2", .size = 24}},
      {"espcn", {.settings = {{"width", "4"}, {"inner", "3"}}, .data = "shapes:sr,scale=2", .size = 24}},
      {"srgan", {.settings = {{"width", "3"}, {"blocks", "1"}, {"d_width", "2"}, {"pretrain", "1"}}, .data = "shapes:sr,scale=2", .size = 24}},
      {"esrgan", {.settings = {{"width", "3"}, {"growth", "2"}, {"blocks", "1"}, {"d_width", "2"}, {"pretrain", "1"}}, .data = "shapes:sr,scale=2", .size = 24, .late = {"weights"}}},
      {"perceptual-losses", {.settings = {{"width", "3"}, {"blocks", "1"}, {"vgg_divisor", "16"}, {"style_size", "16"}}, .size = 28, .late = {"style", "vgg"}}},
      {"drcn", {.settings = {{"width", "4"}, {"recursions", "3"}}, .data = "shapes:sr,scale=2", .size = 24}},
      {"face-sr-wgan", {.settings = {{"width", "4"}, {"last", "3"}, {"d_width", "2"}}, .data = "shapes:sr,scale=2,degradation=area", .late = {"halve", "test"}}},
      {"vespcn", {.settings = {{"scale", "2"}, {"width", "4"}, {"flow_width", "3"}, {"layers", "3"}}, .data = "shapes:clips,frames=5", .late = {"window=7"}}},
      {"progressive-gan", {.settings = {{"width", "4"}, {"most_width", "9"}, {"latent", "5"}, {"start", "8"}, {"stable_images", "2"}, {"blend_images", "2"}}, .late = {"start", "stddev_group"}}},
      {"stylegan2", {.settings = {{"width", "3"}, {"most_width", "6"}, {"latent", "5"}, {"depth", "2"}, {"stddev_group", "2"}, {"r1_every", "2"}, {"path_every", "2"}, {"ada", "0.5"}, {"ada_images", "16"}}, .late = {"stddev_group", "ada", "ada_images"},
                     .still = {"G.conv4.plane", "G.up8.plane", "G.conv8.plane", "G.up16.plane", "G.conv16.plane"}}},
      {"ss-gan", {.settings = {{"width", "2"}, {"d_width", "2"}, {"style_d_width", "2"}, {"fcn_width", "4"}, {"latent", "3"}, {"words", "3"}, {"fcn_steps", "1"}, {"structure_steps", "0"}, {"style_steps", "1"}}, .data = "solids:count=20", .late = {"structure_size", "rate", "style_batch", "gates", "low", "high"}}},
      {"r3gan", {.settings = {{"width", "2"}, {"most_width", "4"}, {"latent", "5"}, {"group", "2"}}, .late = {"group"}}},
      {"fastgan", {.settings = {{"width", "1"}, {"latent", "3"}}, .size = 64, .still = {"G.up8.noise1.plane", "G.up8.noise2.plane", "G.up32.noise1.plane", "G.up32.noise2.plane"}}},
      {"lapgan", {.settings = {{"first_width", "24"}, {"width", "4"}, {"latent", "5"}}}},
      {"stacked-gan", {.settings = {{"width", "2"}, {"latent", "5"}, {"latent0", "3"}, {"pretrain", "1"}, {"independent", "1"}}, .late = {"joint"}}},
      {"gan-int-cls", {.settings = {{"width", "4"}, {"d_width", "4"}, {"latent", "3"}, {"projected", "3"}, {"text_steps", "1"}, {"text_width", "4"}, {"text_length", "5"}, {"image_width", "2"}, {"style_steps", "7"}},
                       .data = "shapes:single,label=both", .late = {"wrong", "style_rate", "text_steps"}, .still = {"image.linear1.bias", "text.out.bias"}}},
      {"stackgan", {.settings = {{"width", "4"}, {"d_width", "2"}, {"blocks", "1"}, {"latent", "3"}, {"projected", "3"}, {"text_steps", "1"}, {"text_width", "4"}, {"text_length", "5"}, {"image_width", "2"}, {"first_steps", "1"}},
                    .data = "shapes:single,label=both", .late = {"wrong", "text_steps", "first_steps", "halve_every", "scale"}, .still = {"image.linear1.bias", "text.out.bias"}}},
      {"stackgan-pp", {.settings = {{"width", "4"}, {"d_width", "2"}, {"branches", "2"}, {"blocks", "1"}, {"latent", "3"}, {"projected", "3"}, {"text_steps", "1"}, {"text_width", "4"}, {"text_length", "5"}, {"image_width", "2"}},
                       .data = "shapes:single,label=both", .late = {"branches", "wrong", "text_steps"}, .still = {"image.linear1.bias", "text.out.bias"}}},
      {"attngan", {.settings = {{"width", "4"}, {"d_width", "2"}, {"branches", "2"}, {"blocks", "1"}, {"latent", "3"}, {"projected", "3"}, {"text_steps", "1"}, {"text_width", "4"}, {"text_units", "3"}, {"words", "5"}, {"image_width", "2"}},
                   .data = "shapes:single,label=both", .late = {"branches", "wrong", "text_steps"}}},
      {"tac-gan", {.settings = {{"width", "4"}, {"d_width", "2"}, {"latent", "3"}, {"projected", "3"}, {"text_steps", "1"}, {"text_width", "4"}, {"text_length", "5"}, {"image_width", "2"}},
                   .data = "shapes:single,label=both", .late = {"wrong", "text_steps", "test"}, .still = {"image.linear1.bias", "text.out.bias"}}},
      {"gawwn", {.settings = {{"width", "4"}, {"d_width", "2"}, {"grid", "8"}, {"latent", "3"}, {"projected", "3"}, {"text_steps", "1"}, {"text_width", "4"}, {"text_length", "5"}, {"image_width", "2"}},
                 .data = "shapes:objects=1,label=both", .late = {"wrong", "text_steps", "halve_every", "grid"}, .still = {"image.linear1.bias", "text.out.bias"}}},
      {"stargan", {.settings = {{"width", "3"}, {"blocks", "1"}, {"d_width", "2"}, {"critic_steps", "2"}}, .data = "shapes:attributes,count=60", .late = {"constant_part"}}},
      {"stargan-v2", {.settings = {{"width", "2"}, {"most_width", "4"}, {"style", "3"}, {"latent", "3"}, {"hidden", "4"}, {"attributes", "filled"}}, .data = "shapes:attributes,count=60", .late = {"halvings"}}},
      {"fader-networks", {.settings = {{"width", "3"}, {"d_width", "4"}, {"ramp", "1"}, {"lambda", "0.1"}, {"norm_clip", "0.01"}}, .data = "shapes:attributes,count=60", .late = {"most_width"}}},
      {"genegan", {.settings = {{"width", "3"}, {"warm_critic_steps", "2"}, {"warm_every", "2"}}, .data = "sides:hat,shapes:faces,count=60"}},
      {"residual-gan", {.settings = {{"width", "2"}}, .data = "sides:hat,shapes:faces,count=60"}},
      {"conditional-cyclegan", {.settings = {{"width", "3"}, {"blocks", "1"}, {"pool", "3"}}, .data = "shapes:attributes,count=60", .late = {"constant_part"}}},
      {"semi-latent-gan", {.settings = {{"width", "2"}, {"latent", "3"}, {"rec_width", "4"}}, .data = "shapes:attributes,count=60", .late = {"constant_part"}}},
      {"glow", {.settings = {{"width", "4"}, {"levels", "2"}, {"depth", "2"}, {"initial", "6"}}, .late = {"temperature"}}},
      {"pixelcnn", {.settings = {{"width", "3"}, {"blocks", "1"}, {"halvings", "1"}, {"mixtures", "2"}, {"initial", "6"}}}},
      {"ppgn", {.settings = {{"width", "4"}, {"units", "6"}, {"features", "5"}, {"e_width", "2"}, {"d_width", "2"}, {"e_steps", "1"}, {"walk", "2"}}, .data = "shapes:single,label=both",
                .late = {"slow", "quick", "behind", "walk", "eps1", "eps2", "eps3", "step", "last_step", "start"}}},
      {"stn", {.settings = {{"units", "5"}, {"localisation_width", "2"}, {"seen", "27"}, {"align_corners", "false"}}, .data = "shapes:single", .size = 28, .late = {"rate_falls"}}},   // places of the identity are no whole pixels, whose slopes rounding decides
      {"f-anogan", {.settings = {{"width", "3"}, {"latent", "3"}, {"critic_steps", "2"}, {"gan_steps", "1"}}}},
      {"bigan", {.late = {"last_rate"}}},
      {"ali", {.settings = {{"width", "2"}, {"latent", "3"}}, .size = 32, .late = {"last_rate"}}},
  };
  const auto it = choices.find(model);
  return it == choices.end() ? TinyChoice{} : it->second;
}

Tiny::Tiny(const TinyModel& tiny) {
  Context& c = context();
  c.device = tiny.device, c.dtype = tiny.dtype, c.precision = tiny.precision;
  const Model& m = find_model(tiny.model);
  const TinyChoice choice = tiny_choice(tiny.model);
  data::Options o;
  o.size = tiny.size ? tiny.size : choice.size, o.channels = tiny.channels, o.seed = 3;
  dataset_ = data::open_dataset(tiny.data.empty() ? choice.data : tiny.data, o);
  auto settings = choice.settings;
  for (const std::string& k : tiny.without) settings.erase(k);
  for (const auto& [k, v] : tiny.settings) settings[k] = v;
  DataFacts facts = facts_of_data(*dataset_);
  facts.mean_picture = {};
  config_ = Config(facts, settings);
  const data::Share share = tiny.group ? data::Share{tiny.group->rank(), tiny.group->size()} : data::Share{};
  config_.batch = tiny.batch, config_.steps = 10, config_.processes = share.processes;
  nn::seed_parameters(tiny.seed);
  Recipe r = m.recipe(config_);
  config_.check_all_read();
  if (!is_plan(tiny.device)) loader_ = std::make_unique<data::Loader>(*dataset_, tiny.batch, tiny.seed, 0, share);
  trainer_ = std::make_unique<Trainer>(std::move(r), TrainerOptions{tiny.batch, tiny.seed, tiny.capture, tiny.group}, dataset_->fields(), loader_.get());
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

void expect_frozen(const TinyModel& m, int first, int then, const std::vector<std::string>& networks) {
  Tiny t(m);
  for (int i = 0; i < first; ++i) t->step();
  const auto before = t.state();
  for (int i = 0; i < then; ++i) t->step();
  const auto now = t.state();
  int kept = 0, moved = 0;
  for (const auto& [name, v] : before) {
    if (name.starts_with("optimizer.")) continue;
    const bool frozen = std::ranges::any_of(networks, [&](const std::string& n) { return name.starts_with(n + "."); });
    if (frozen) EXPECT_EQ(v, now.at(name)) << name;
    frozen ? ++kept : moved += v != now.at(name);
  }
  EXPECT_GT(kept, 10);
  EXPECT_GT(moved, 10);
}

void expect_replayed(const TinyModel& m) {
  const auto after = [](TinyModel t, bool capture) {
    t.capture = capture;
    Tiny tiny(t);
    for (int i = 0; i < 9; ++i) tiny->step();
    return tiny.state();
  };
  EXPECT_EQ(after(m, true), after(m, false));
}

void uses_after_training(Trainer& trainer) {
  Trainer* const t = &trainer;
  const Recipe& r = t->recipe();
  t->sample(3, 1).to_floats();
  t->sampling(1, [&] {
    const Batch& batch = t->batch();
    if (r.columns)
      for (const Column& c : r.columns(batch)) c.pictures.to_floats();
    if (r.latent) {
      const Tensor labels = r.latent.classes ? tensor(std::vector<int64_t>{0, 1}, {2}, t->batch().image().device()) : Tensor{};
      r.latent.decode(r.latent.draw(2), labels).to_floats();
      if (r.latent.encode) r.latent.encode(batch.image()).to_floats();
    }
    const Evaluation all{2, [&](const std::function<void(const Batch&)>& f) { f(batch), f(batch); }};
    for (const Measure& m : r.measures) m.value(all);
  });
}

std::string refusal(const TinyModel& m) {
  try {
    Tiny t(m);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

}  // namespace ganymede::test
