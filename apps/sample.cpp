// ganymede sample RUN: pictures from a trained model: a sheet, or a walk through its latent space.
#include <algorithm>
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
  int64_t n = 0, columns = 0, rows = 8, steps = 0;
  uint64_t seed = 1;
  std::vector<std::string> texts;
  bool classes = false, nearest = false, animate = false;
  double truncation = 0, temperature = -1;
  int64_t label = -1;
};

constexpr double kFramesPerSecond = 20;
constexpr int64_t kPictures = 64, kSteps = 8;   // where nothing else is asked for

int64_t pictures_of(const SampleOptions& o) { return o.n > 0 ? o.n : kPictures; }

WalkOptions walk_of(const SampleOptions& o) {
  WalkOptions walk{.rows = o.rows, .seed = o.seed};
  if (o.steps > 0) walk.columns = o.steps;
  if (o.truncation > 0) walk.truncation = o.truncation;
  if (o.temperature >= 0) walk.temperature = o.temperature;
  if (o.label >= 0) walk.label = o.label;
  return walk;
}

using Frames = std::vector<data::Picture>;   // one, but of an animation

Frames captions(const SampleOptions& o, Session& session) {
  return {caption_sheet(session, {.captions = o.texts, .n = pictures_of(o), .columns = o.columns, .steps = o.steps > 0 ? o.steps : kSteps, .between = !o.interpolate.empty(), .rows = o.rows, .seed = o.seed})};
}

Frames animation(const SampleOptions& o, Session& session) {
  const bool spherical = o.interpolate.empty() ? session.trainer().recipe().latent.normal : o.interpolate == "slerp";
  return walk_frames(session, pictures_of(o), o.columns, walk_of(o), spherical);
}

Frames plain(const SampleOptions& o, Session& session) {
  WalkOptions walk = walk_of(o);
  if (!walk.truncation && !walk.temperature && !walk.label) return {sample_sheet(session, o.n, o.seed, o.columns)};
  walk.columns = o.columns;
  return {plain_samples(session, pictures_of(o), walk)};
}

// A way to draw: the option that asks for it, whether it is asked for, the options that say more, and what is drawn. Those of the trained
// model, --out and --seed are for all of them.
struct Way {
  std::string name;
  bool (*asked)(const SampleOptions&);
  std::vector<std::string> reads;
  Frames (*draw)(const SampleOptions&, Session&);
};

// The first that is asked for counts.
const std::vector<Way>& ways() {
  using O = const SampleOptions&;
  static const std::vector<Way> all{
      {"two --text with --interpolate", [](O o) { return !o.texts.empty() && !o.interpolate.empty(); }, {"--text", "--interpolate", "--rows", "--steps"}, captions},
      {"several --text", [](O o) { return o.texts.size() > 1; }, {"--text", "--steps"}, captions},
      {"one --text", [](O o) { return !o.texts.empty(); }, {"--text", "-n", "--columns"}, captions},
      {"--animate", [](O o) { return o.animate; }, {"-n", "--columns", "--rows", "--steps", "--interpolate", "--truncation", "--temperature", "--class"}, animation},
      {"--nearest", [](O o) { return o.nearest; }, {"--steps", "--truncation", "--temperature", "--class"}, [](O o, Session& s) { return Frames{beside_nearest(s, walk_of(o))}; }},
      {"--traverse", [](O o) { return !o.traverse.empty(); }, {"--rows", "--steps", "--truncation", "--temperature", "--class"}, [](O o, Session& s) { return Frames{traversals(s, walk_of(o), o.traverse)}; }},
      {"--interpolate", [](O o) { return !o.interpolate.empty(); }, {"--rows", "--steps", "--truncation", "--temperature", "--class"}, [](O o, Session& s) { return Frames{interpolations(s, walk_of(o), o.interpolate == "slerp")}; }},
      {"--classes", [](O o) { return o.classes; }, {"--steps", "--truncation", "--temperature"}, [](O o, Session& s) { return Frames{class_rows(s, walk_of(o))}; }},
      {"a sheet of samples", [](O) { return true; }, {"-n", "--columns", "--truncation", "--temperature", "--class"}, plain}};
  return all;
}

// UsageError for an option that this way would ignore.
void check_all_read(const CLI::App& verb, const Way& way) {
  const auto has = [](const std::vector<std::string>& names, const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  for (const char* option : {"--text", "--animate", "--nearest", "--traverse", "--interpolate", "--classes", "--class", "--truncation", "--temperature", "-n", "--columns", "--rows", "--steps"}) {
    if (verb.count(option) == 0 || option == way.name || has(way.reads, option)) continue;
    std::vector<std::string> right;
    for (const Way& other : ways())
      if (has(other.reads, option)) right.push_back(other.name);
    throw UsageError(text("sample: ", option, " says nothing about ", way.name, right.empty() ? "; ask for one of them" : "; it is for " + alternatives(right)));
  }
}

}  // namespace

void add_sample(CLI::App& program) {
  auto o = std::make_shared<SampleOptions>();
  auto* verb = program.add_subcommand("sample", "draw pictures from a trained model");
  o->trained.add_to(*verb);
  verb->add_option("-n", o->n, "number of pictures, of points, or of rows where each is a picture of the data and what became of it (as on the sheets of its training: 64 or fewer, 2048, 8)")->check(whole(1, 65536));
  verb->add_option("--out", o->out, "PNG file to write")->capture_default_str();
  verb->add_option("--columns", o->columns, "pictures a row of a sheet (0: a square sheet, or a column a class)")->check(whole(0, 65536));
  verb->add_option("--seed", o->seed, "seed of the noise")->check(whole(0, INT64_MAX))->capture_default_str();
  verb->add_option("--truncation", o->truncation, "redraw coordinates of z beyond this (normal priors); of stylegan2 draw w towards its mean: mean + this (w - mean)")->check(positive());
  verb->add_option("--temperature", o->temperature, "deviation of the noise, in that of the prior (normal priors)")->check(CLI::Range(0.0, 100.0));
  verb->add_option("--class", o->label, "samples of this class only (models with classes)")->check(whole(0, INT64_MAX));
  verb->add_flag("--classes", o->classes, "a row a class, the same noise in each");
  verb->add_option("--interpolate", o->interpolate, "lines between random points: linear or slerp")->check(one_of({"linear", "slerp"}));
  verb->add_option("--traverse", o->traverse, "move one code (its name) or coordinate of z (its number) from -2 to 2");
  verb->add_option("--text", o->texts, "what to draw (models of captions): once for a sheet of it; several times for a row each, from the same noise; twice with --interpolate for what lies between")->allow_extra_args(false);
  verb->add_flag("--nearest", o->nearest, "samples above the training pictures nearest to them");
  verb->add_flag("--animate", o->animate, "an animated PNG without end in which -n samples walk through --rows random points each, --steps frames from one to the next");
  verb->add_option("--rows", o->rows, "rows of lines (--interpolate, --traverse), points of an animation")->check(whole(1, 1024))->capture_default_str();
  verb->add_option("--steps", o->steps, "pictures along a row of lines, of a class, of a text or beside the nearest; frames of an animation from point to point (8)")->check(whole(1, 1024));
  verb->callback([o, verb] {
    const Way& way = *std::find_if(ways().begin(), ways().end(), [&](const Way& w) { return w.asked(*o); });
    check_all_read(*verb, way);
    const auto session = open_trained(o->trained);
    const Frames drawn = way.draw(*o, *session);
    if (o->animate) data::write_animation(o->out, drawn, kFramesPerSecond);
    else data::write_png(o->out, drawn.at(0));
    std::cout << o->out << "\n";
  });
}

}  // namespace ganymede::apps
