// ganymede explain MODEL: the model in words.
#include "gan/explain.h"

#include <iostream>
#include <memory>

#include "apps/options.h"
#include "apps/verbs.h"
#include "engine/check.h"

namespace ganymede::apps {

void add_explain(CLI::App& program) {
  struct State {
    ModelOptions options;
    bool losses = false, memory = false, all = false;
  };
  auto s = std::make_shared<State>();
  auto* verb = program.add_subcommand("explain",
                                      "networks layer by layer, updates in order, losses, settings, memory");
  verb->add_option("model", s->options.session.model, "model id; see models");
  auto* losses = verb->add_flag("--losses", s->losses, "only the losses");
  verb->add_flag("--memory", s->memory, "only the memory, by use, and whether it is there")
      ->excludes(losses);
  verb->add_flag("--all", s->all, "every model");
  s->options.add_to(*verb);
  SessionOptions& session = s->options.session;
  verb->add_option("--device", session.device, "whose memory and kernels: auto, cpu, cuda, cuda:N or sim")->capture_default_str()->excludes(losses);
  verb->add_option("--precision", session.precision, "f32, tf32 or bf16")->capture_default_str()->excludes(losses);
  verb->callback([s] {
    SessionOptions o = s->options.get();
    if (s->all == !o.model.empty()) throw UsageError("explain: name one model, or give --all");
    if (s->all && !o.data.empty()) throw UsageError("explain --all shows every model on its own standard data: leave --data out");
    const auto tell = [&] { return s->memory ? explain_memory(o) : explain(o, s->losses); };
    if (!s->all) {
      std::cout << tell();
      return;
    }
    for (const Model& m : models()) {
      o.model = m.id;
      std::cout << tell() << "\n";
    }
  });
}

}  // namespace ganymede::apps
