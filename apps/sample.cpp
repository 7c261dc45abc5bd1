// ganymede sample RUN: pictures from a trained model.
#include <iostream>
#include <memory>

#include "apps/options.h"
#include "apps/verbs.h"
#include "engine/check.h"
#include "gan/checkpoint.h"
#include "gan/data/png.h"
#include "gan/run/run_folder.h"
#include "gan/sheet.h"

namespace ganymede::apps {
namespace {

std::string saved_at(const run::RunFolder& folder, int64_t iteration) {
  std::string saved;
  for (const run::Checkpoint& c : folder.checkpoints()) {
    if (c.iteration == iteration) return c.path.string();
    saved += (saved.empty() ? "" : ", ") + std::to_string(c.iteration);
  }
  throw UsageError(folder.path().string() + ": no checkpoint of iteration " + std::to_string(iteration) +
                   "; there " + (saved.empty() ? "is none yet" : "are " + saved));
}

}  // namespace

void add_sample(CLI::App& program) {
  struct State {
    std::string run, out = "samples.png", device;
    int64_t n = 64, columns = 0, iteration = -1;
    uint64_t seed = 1;
  };
  auto s = std::make_shared<State>();
  auto* verb = program.add_subcommand("sample", "draw pictures from a trained model");
  verb->add_option("run", s->run, "run folder")->required();
  verb->add_option("-n", s->n, "number of pictures")->check(whole(1, 65536))->capture_default_str();
  verb->add_option("--out", s->out, "PNG file to write")->capture_default_str();
  verb->add_option("--columns", s->columns, "pictures a row (0: a square sheet)")->check(whole(0, 65536));
  verb->add_option("--seed", s->seed, "seed of the noise")->check(whole(0, INT64_MAX))->capture_default_str();
  verb->add_option("--iteration", s->iteration, "checkpoint of this iteration (the newest)")
      ->check(whole(0, kMostIterations));
  verb->add_option("--device", s->device, "auto, cpu, cuda, cuda:N or sim (the run's own)");
  verb->callback([s] {
    const auto folder = run::RunFolder::open(s->run);
    SessionOptions o = Session::from_run(folder.run());
    if (!s->device.empty()) o.device = s->device;
    if (o.device == "plan")
      throw UsageError("device plan has shapes only: use auto, cpu, cuda, cuda:N or sim");
    std::string path;
    if (s->iteration >= 0) {
      path = saved_at(folder, s->iteration);
      check_checkpoint(path, o.model);
    } else {
      const auto found = folder.newest_checkpoint([&](const auto& p) { check_checkpoint(p, o.model); });
      for (const auto& d : found.damaged) std::cerr << "ganymede: passed over " << d << "\n";
      require(found.checkpoint.has_value(), s->run,
              ": no checkpoint yet; train longer, or stop the training with Ctrl-C, which saves one");
      path = found.checkpoint->path;
    }
    Session session(o, Session::Use::look, Session::facts_in(folder.run()));
    load_checkpoint(path, session.trainer());
    data::write_png(s->out, sample_sheet(session, s->n, s->seed, s->columns));
    std::cout << s->out << "\n";
  });
}

}  // namespace ganymede::apps
