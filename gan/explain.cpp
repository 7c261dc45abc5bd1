#include "gan/explain.h"

#include <iomanip>
#include <map>
#include <sstream>

#include "engine/memory.h"
#include "gan/memory_forecast.h"
#include "nn/module.h"

namespace ganymede {
namespace {

std::string megabytes(int64_t bytes) {
  std::ostringstream s;
  s << std::fixed << std::setprecision(1) << double(bytes) / (1 << 20) << " MiB";
  return s.str();
}

std::string join(const std::vector<nn::Net>& nets) {
  std::string s;
  for (const auto& n : nets) s += (s.empty() ? "" : ", ") + n.name();
  return s;
}

// The updates of the stage that the trainer is in, as of their last run.
void write_stage(std::ostream& out, const Stage& stage, const Trainer& trainer) {
  out << "updates" << (stage.name.empty() ? "" : " of stage " + stage.name) << ", in order";
  if (stage.steps) out << ", for " << stage.steps << " iterations";
  out << "\n";
  for (const SharedValue& s : stage.shared_values) out << "  " << s.state->name << ": computed once an iteration" << (s.state->nets.empty() ? "" : " by " + join(s.state->nets)) << "\n";
  for (size_t u = 0; u < stage.updates.size(); ++u) {
    const Update& update = stage.updates[u];
    out << "  " << update.name;
    if (update.repeat > 1) out << ", " << update.repeat << " times, each on a batch of its own";
    if (update.more) out << ", in some iterations more often";
    if (update.interval > 1) out << ", every " << update.interval << " iterations";
    out << "\n";
    for (const Group& g : update.groups) out << "    moves " << join(g.nets) << ": " << g.optim.describe() << (g.gate ? ", when its gate is open" : "") << (update.optimiser_of.empty() ? "" : ", the optimiser of " + update.optimiser_of) << "\n";
    for (const Term& t : trainer.terms(u)) {
      out << "    " << std::left << std::setw(10) << t.name << (t.shown ? " logged    " : " minimised ") << t.formula;
      if (!t.moves.empty()) out << "   (moves " << join(t.moves) << " only)";
      out << "\n";
    }
  }
}

}  // namespace

std::string explain(const SessionOptions& options, bool losses_only) {
  Session session(options, Session::Use::plan);
  const Model& m = session.model();
  reset_peak_memory(context().device);
  const Recipe& r = session.trainer().recipe();
  std::map<std::string, std::vector<nn::TracedLayer>> layers;   // by network, as it is in the last stage that uses it
  std::ostringstream stages;
  int64_t launches = 0;
  for (size_t i = 0; i < r.stages.size(); ++i) {
    nn::LayerTrace trace;
    const int64_t before = context().launches;
    if (i > 0) session.trainer().enter(i);
    session.trainer().step();
    if (i == 0) launches = context().launches - before;
    std::map<std::string, std::vector<nn::TracedLayer>> now;
    for (const nn::TracedLayer& l : trace.layers) now[l.net].push_back(l);
    for (auto& [net, list] : now) layers[net] = std::move(list);
    if (i > 0 || !losses_only) stages << "\n";
    write_stage(stages, r.stages[i], session.trainer());
  }
  std::ostringstream out;
  out << m.id << ": " << m.paper << " (" << m.year << ", " << m.published() << ")\n";
  if (!losses_only) {
    const auto& o = session.options();
    out << m.summary << "\ndata: " << session.dataset().describe() << "\nbatch " << o.batch << ", " << o.steps << " iterations\n";
    for (const nn::Net& n : r.nets) {
      out << "\nnetwork " << n.name() << ", " << n.parameter_count() << " parameters\n";
      for (const auto& l : layers[n.name()]) {
        out << "  " << std::left << std::setw(12) << l.name << std::setw(36) << l.description << " " << std::setw(22) << l.output.str() << std::right << std::setw(10);
        if (l.parameters) out << l.parameters;
        out << "\n";
      }
    }
  }
  out << stages.str();
  if (losses_only) return out.str();
  out << "\nsettings (--set name=value)\n";
  for (const Setting& s : session.config().settings()) {
    out << "  " << std::left << std::setw(18) << s.name << " " << std::setw(14) << s.value << " " << s.meaning;
    if (s.value != s.standard) out << "   (standard " << (s.standard.empty() ? "none" : s.standard) << ")";
    out << "\n";
  }
  const MemoryUse use = memory_use(context().device);
  out << "\nmemory: " << megabytes(use.live) << " for weights, optimisers and batches, " << megabytes(use.peak) << " at the highest point of an iteration\n"
      << "kernels: " << launches << " an iteration" << (r.stages.size() > 1 ? " of the first stage" : "") << " in " << session.options().precision << " on "
      << (is_plan(context().planned) ? session.options().device + " (not here: counted without what its kernels take together or apart)" : context().planned.str()) << "\n";
  return out.str();
}

std::string explain_memory(const SessionOptions& options) {
  const FreeMemory free = free_memory();
  const Session session(options, Session::Use::plan);
  return session.model().id + ": " + memory_table(session, free);
}

}  // namespace ganymede
