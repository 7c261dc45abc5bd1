// ganymede sample RUN: pictures from a trained model: a sheet, or a walk through its latent space.
#include <iostream>
#include <memory>

#include "apps/options.h"
#include "apps/trained.h"
#include "apps/verbs.h"
#include "engine/check.h"
#include "gan/data/apng.h"
#include "gan/data/png.h"
#include "gan/sheet.h"
#include "gan/uses/captions.h"
#include "gan/walks.h"

namespace ganymede::apps {
namespace {

struct SampleOptions {
  TrainedOptions trained;
  std::string out = "samples.png", interpolate, traverse;
  int64_t n = 64, columns = 0, rows = 8, steps = 8;
  uint64_t seed = 1;
  std::vector<std::string> texts;
  bool classes = false, nearest = false, animate = false;
  double truncation = 0, temperature = -1;
  int64_t label = -1;
};

constexpr double kFramesPerSecond = 20;

WalkOptions walk_of(const SampleOptions& o) {
  WalkOptions walk{.rows = o.rows, .columns = o.steps, .seed = o.seed};
  if (o.truncation > 0) walk.truncation = o.truncation;
  if (o.temperature >= 0) walk.temperature = o.temperature;
  if (o.label >= 0) walk.label = o.label;
  return walk;
}

data::Picture draw(const SampleOptions& o, Session& session) {
  WalkOptions walk = walk_of(o);
  if (!o.texts.empty())
    return caption_sheet(session, {.captions = o.texts, .n = o.n, .columns = o.columns, .steps = o.steps, .between = !o.interpolate.empty(), .rows = o.rows, .seed = o.seed});
  if (o.classes) return class_rows(session, walk);
  if (!o.interpolate.empty()) return interpolations(session, walk, o.interpolate == "slerp");
  if (!o.traverse.empty()) return traversals(session, walk, o.traverse);
  if (o.nearest) return beside_nearest(session, walk);
  if (walk.truncation || walk.temperature || walk.label) {
    walk.columns = o.columns;
    return plain_samples(session, o.n, walk);
  }
  return sample_sheet(session, o.n, o.seed, o.columns);
}

}  // namespace

void add_sample(CLI::App& program) {
  auto o = std::make_shared<SampleOptions>();
  auto* verb = program.add_subcommand("sample", "draw pictures from a trained model");
  o->trained.add_to(*verb);
  verb->add_option("-n", o->n, "number of pictures")->check(whole(1, 65536))->capture_default_str();
  verb->add_option("--out", o->out, "PNG file to write")->capture_default_str();
  verb->add_option("--columns", o->columns, "pictures a row (0: a square sheet, or a column a class)")->check(whole(0, 65536));
  verb->add_option("--seed", o->seed, "seed of the noise")->check(whole(0, INT64_MAX))->capture_default_str();
  auto* truncation = verb->add_option("--truncation", o->truncation, "redraw coordinates of z beyond this (normal priors); of stylegan2 draw w towards its mean: mean + this (w - mean)")->check(positive());
  auto* temperature = verb->add_option("--temperature", o->temperature, "deviation of the noise, in that of the prior (normal priors)")->check(CLI::Range(0.0, 100.0));
  auto* label = verb->add_option("--class", o->label, "samples of this class only (models with classes)")->check(whole(0, INT64_MAX));
  auto* classes = verb->add_flag("--classes", o->classes, "a row a class, the same noise in each")->excludes(label);
  auto* interpolate = verb->add_option("--interpolate", o->interpolate, "lines between random points: linear or slerp")->check(one_of({"linear", "slerp"}))->excludes(classes);
  auto* traverse = verb->add_option("--traverse", o->traverse, "move one code (its name) or coordinate of z (its number) from -2 to 2")->excludes(classes)->excludes(interpolate);
  auto* texts = verb->add_option("--text", o->texts, "what to draw (models of captions): once for a sheet of it; several times for a row each, from the same noise; twice with --interpolate for what lies between")->allow_extra_args(false)->excludes(label)->excludes(classes)->excludes(traverse)->excludes(truncation)->excludes(temperature);
  auto* nearest = verb->add_flag("--nearest", o->nearest, "samples above the training pictures nearest to them")->excludes(classes)->excludes(interpolate)->excludes(traverse);
  verb->add_flag("--animate", o->animate, "an animated PNG without end in which -n samples walk through --rows random points each, --steps frames from one to the next")->excludes(classes)->excludes(traverse)->excludes(texts)->excludes(nearest);
  verb->add_option("--rows", o->rows, "rows of a walk")->check(whole(1, 1024))->capture_default_str();
  verb->add_option("--steps", o->steps, "pictures along a row of a walk")->check(whole(1, 1024))->capture_default_str();
  verb->callback([o] {
    const auto session = open_trained(o->trained);
    if (o->animate) {
      const bool spherical = o->interpolate.empty() ? session->trainer().recipe().latent.normal : o->interpolate == "slerp";
      data::write_animation(o->out, walk_frames(*session, o->n, o->columns, walk_of(*o), spherical), kFramesPerSecond);
    } else {
      data::write_png(o->out, draw(*o, *session));
    }
    std::cout << o->out << "\n";
  });
}

}  // namespace ganymede::apps
