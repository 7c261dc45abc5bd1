#include "gan/trainer.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {

struct Trainer::Run {
  Run(bool capture, const std::shared_ptr<Scratch>& scratch) : unit(capture, scratch) {}
  Unit unit;
  Losses terms;
  std::vector<Tensor> norms;  // squared gradient norm of each moved network
  bool done = false;
};

struct Trainer::Moved {
  struct Optimiser {
    nn::Stepper stepper;
    int64_t steps = 0;
  };
  nn::Net net;
  std::shared_ptr<Optimiser> optimiser;
  bool own;        // not another update's
  Gate gate;
};

namespace {

constexpr uint32_t kSharedUnits = 0x40000000, kStageUnits = 0x80000000, kSampleUnits = 0xC0000000;

// The batch buffers: fixed addresses that every iteration's data is copied into.
Batch make_batch(const std::vector<data::Field>& fields, int64_t size) {
  Batch b;
  b.size = size;
  for (const data::Field& f : fields) {
    if (f.kind == data::Kind::text) continue;
    std::vector<int64_t> dims{size};
    dims.insert(dims.end(), f.shape.begin(), f.shape.end());
    b.fields[f.name] = f.kind == data::Kind::integer ? full(Shape(dims), 0, DType::i64, context().device) : zeros(Shape(dims));
  }
  return b;
}

void fill(const Batch& to, const data::HostBatch& from) {
  for (const auto& [name, t] : to.fields) {
    if (t.dtype() == DType::i64) {
      const auto v = from.integer(name);
      upload(t, v.data(), v.size_bytes());
    } else if (t.dtype() == DType::f32) {
      const auto v = from.real(name);
      upload(t, v.data(), v.size_bytes());
    } else {
      const auto v = from.real(name);
      assign(t, tensor(std::vector<double>(v.begin(), v.end()), t.shape(), t.dtype(), t.device()));
    }
  }
}

// The parts of a loss: the gradient of their sum is taken without adding them up.
Tensors parts_of(const Losses& terms, const std::function<bool(const Term&)>& counts) {
  Tensors parts;
  for (const Term& t : terms) {
    if (t.shown || !counts(t)) continue;
    require(t.value.count() == 1, "term ", t.name, ": a loss has one element, this one has shape ", t.value.shape());
    parts.push_back(t.value);
  }
  return parts;
}

// Samples are drawn from the averages where there are some; the weights come back afterwards.
class AveragesInPlace {
 public:
  explicit AveragesInPlace(std::vector<std::pair<nn::Net, Tensor>> averages) : averages_(std::move(averages)) {
    for (const auto& [net, average] : averages_) {
      kept_.push_back(empty_like(net.flat()));
      assign(kept_.back(), net.flat());
      assign(net.flat(), average);
    }
  }
  ~AveragesInPlace() {
    for (size_t i = 0; i < averages_.size(); ++i) assign(averages_[i].first.flat(), kept_[i]);
  }
 private:
  std::vector<std::pair<nn::Net, Tensor>> averages_;
  Tensors kept_;
};

}  // namespace

Trainer::Trainer(Recipe recipe, const TrainerOptions& options, const std::vector<data::Field>& fields, data::Loader* loader)
    : recipe_(std::move(recipe)), options_(options), loader_(loader) {
  for (const Stage& s : recipe_.stages) require(!s.updates.empty(), "a recipe without updates", s.name.empty() ? "" : " in stage ", s.name);
  for (int i = recipe_.batches(); i > 0; --i) batches_.push_back(make_batch(fields, options_.batch));
  if (!is_plan(context().device)) seed(options_.seed);
  begin_stage(0);
}

Trainer::~Trainer() {
  for (Stage& stage : recipe_.stages)
    for (SharedValue& s : stage.shared_values) s.state->value = {};
}

std::vector<std::pair<nn::Net, Tensor>> Trainer::averages() const {
  std::vector<std::pair<nn::Net, Tensor>> all;
  for (const auto& moved : moved_)
    for (const Moved& m : moved)
      if (m.own && m.optimiser->stepper.average()) all.emplace_back(m.net, m.optimiser->stepper.average());
  return all;
}

// Graphs, arenas and optimisers of the stage before are dropped; averages of weights go on, as the weights do.
void Trainer::begin_stage(size_t stage) {
  const auto before = averages();
  shared_units_.clear(), runs_.clear(), moved_.clear();
  for (SharedValue& s : recipe_.stages[stage_].shared_values) s.state->value = {};
  stage_ = stage, stage_start_ = 0, entered_ = false;
  for (size_t i = 0; i < stage; ++i) stage_start_ += recipe_.stages[i].steps;
  const auto scratch = std::make_shared<Scratch>(context().device);
  for (size_t i = 0; i < now().shared_values.size(); ++i) shared_units_.push_back(std::make_unique<Unit>(options_.capture, scratch));
  for (const Update& u : now().updates) {
    auto& runs = runs_.emplace_back();
    for (int i = 0; i < u.repeat; ++i) runs.push_back(std::make_unique<Run>(options_.capture, scratch));
    auto& moved = moved_.emplace_back();
    if (!u.optimiser_of.empty()) {
      const size_t first = size_t(std::find_if(now().updates.begin(), now().updates.end(), [&](const Update& o) { return o.name == u.optimiser_of; }) - now().updates.begin());
      for (const Moved& m : moved_[first]) moved.push_back({m.net, m.optimiser, false, m.gate});
      continue;
    }
    for (const Group& g : u.groups)
      for (const nn::Net& n : g.nets) {
        const bool averaged = recipe_.average > 0 && std::find(recipe_.averaged.begin(), recipe_.averaged.end(), n) != recipe_.averaged.end();
        moved.push_back({n, std::make_shared<Moved::Optimiser>(nn::Stepper(n, g.optim, averaged ? recipe_.average : 0)), true, g.gate});
        for (const auto& [net, average] : before)
          if (averaged && net == n) assign(moved.back().optimiser->stepper.average(), average);
      }
  }
}

void Trainer::enter(size_t stage) {
  if (stage != stage_ || entered_) begin_stage(stage);  // else its optimisers are new already, and others may look at them
  iteration_ = stage_start_, entered_ = true;
  if (!now().enter) return;
  ContextScope scope;
  context().recording = false;
  place_draws(kStageUnits + uint32_t(stage));
  now().enter();
  if (iteration_ == 0)   // averages begin at what it made
    for (const auto& [net, average] : averages()) assign(average, net.flat());
}

std::pair<size_t, int64_t> Trainer::place_of(int64_t iteration) const {
  size_t stage = 0;
  int64_t before = 0;
  while (stage + 1 < recipe_.stages.size() && recipe_.stages[stage].steps > 0 && iteration > before + recipe_.stages[stage].steps)
    before += recipe_.stages[stage++].steps;
  return {stage, before};
}

void Trainer::load_batches() {
  if (!loader_) return;
  for (const Batch& b : batches_) fill(b, loader_->next());
  more_batches_.clear();
  for (int i = more_runs(now(), iteration_ - stage_start_); i > 0; --i) more_batches_.push_back(loader_->next());
}

int Trainer::more_runs(const Stage& stage, int64_t i) {
  int most = 0;
  for (const Update& u : stage.updates)
    if (u.more && i % u.interval == 0) most = std::max(most, u.more(i));
  return most;
}

int64_t Trainer::more_batches_before(int64_t iteration) const {
  int64_t sum = 0, before = 0;
  for (size_t k = 0; k <= stage_; ++k) {
    const Stage& stage = recipe_.stages[k];
    const int64_t here = k == stage_ ? iteration - before : stage.steps;
    const bool any = std::any_of(stage.updates.begin(), stage.updates.end(), [](const Update& u) { return bool(u.more); });
    for (int64_t i = 0; any && i < here; ++i) sum += more_runs(stage, i);
    before += stage.steps;
  }
  return sum;
}

void Trainer::place_draws(uint32_t unit) {
  if (!is_plan(context().device)) set_random_position(uint32_t(iteration_), unit);
}

void Trainer::compute_shared() {
  for (size_t i = 0; i < now().shared_values.size(); ++i) {
    place_draws(kSharedUnits + uint32_t(i));
    SharedValue::State& s = *now().shared_values[i].state;
    if (!shared_units_[i]->captured()) s.value = {};   // and all that it was made from, before its memory is needed again
    shared_units_[i]->run([&] {
      nn::Moving moving(s.nets);
      s.value = s.compute(batches_[0]);
    });
  }
}

void Trainer::run_update(size_t index, bool measure) {
  const Update& update = now().updates[index];
  Tensors before;
  for (const Moved& m : moved_[index]) {
    if (!measure) break;
    before.push_back(empty_like(m.net.flat()));
    assign(before.back(), m.net.flat());
  }
  // Runs beyond `repeat` go through the buffers and the captured code of the last.
  const int more = update.more ? update.more(iteration_ - stage_start_) : 0;
  for (int i = 0; i < update.repeat + more; ++i) {
    const int j = std::min(i, update.repeat - 1);
    if (const size_t k = size_t(i - j); k > 0 && k <= more_batches_.size()) fill(batches_[size_t(update.first_batch + j)], more_batches_[k - 1]);
    place_draws(uint32_t(index) << 12 | uint32_t(i));
    for (Moved& m : moved_[index]) m.optimiser->stepper.prepare(m.optimiser->steps++);
    Run& run = *runs_[index][size_t(j)];
    run.unit.run([&] { run_body(update, run, j); });
    run.done = true;
  }
  for (size_t i = 0; i < before.size(); ++i) {
    const nn::Net& net = moved_[index][i].net;
    const double step = sum(square(net.flat().constant() - before[i])).item(), weights = sum(square(before[i])).item();
    ratios_.emplace_back("update_ratio/" + name_of(index, net), weights > 0 ? std::sqrt(step / weights) : 0);
  }
}

std::string Trainer::name_of(size_t update, const nn::Net& net) const {
  int owners = 0;
  for (const auto& others : moved_)
    for (const Moved& m : others) owners += m.own && m.net == net;
  return (owners > 1 || !now().updates[update].optimiser_of.empty() ? now().updates[update].name + "." : "") + net.name();
}

// Not in the constructor: a trainer that only looks at a finished model has no use for first values.
void Trainer::enter_due() {
  if (const size_t stage = place_of(iteration_ + 1).first; stage != stage_ || !entered_) enter(stage);
}

void Trainer::step(bool measure) {
  enter_due();
  ratios_.clear();
  load_batches();
  compute_shared();
  for (size_t u = 0; u < now().updates.size(); ++u)
    if ((iteration_ - stage_start_) % now().updates[u].interval == 0) run_update(u, measure);
  ++iteration_;
}

void Trainer::step_only(size_t update) {
  if (!entered_) enter(stage_);
  load_batches();
  compute_shared();
  run_update(update, false);
  ++iteration_;
}

// All gradients first, then all steps.
void Trainer::run_body(const Update& update, Run& run, int repeat) {
  std::vector<Moved>& moved = moved_[size_t(&update - now().updates.data())];
  std::vector<nn::Net> nets;
  Tensors leaves;
  std::vector<size_t> first{0};
  for (const Moved& m : moved) {
    nets.push_back(m.net);
    for (const auto& p : m.net.parameters()) leaves.push_back(p.value);
    first.push_back(leaves.size());
  }
  run.terms.clear(), run.norms.clear();
  std::vector<Tensors> gradients(leaves.size());  // each as parts that add up
  Tensors gates(moved.size());
  {
    nn::Moving moving(nets);
    run.terms = update.loss(batches_[size_t(update.first_batch + repeat)]);
    for (size_t i = 0; i < moved.size(); ++i)
      if (moved[i].gate) gates[i] = moved[i].gate(run.terms).constant();
    const auto descend = [&](const Tensors& losses, const std::function<bool(const nn::Net&)>& wanted) {
      if (losses.empty()) return;
      Tensors targets;
      std::vector<size_t> at;
      for (size_t i = 0; i < moved.size(); ++i)
        for (size_t k = first[i]; wanted(moved[i].net) && k < first[i + 1]; ++k) targets.push_back(leaves[k]), at.push_back(k);
      const std::vector<Tensors> found = gradient_parts(losses, targets);
      for (size_t i = 0; i < at.size(); ++i) gradients[at[i]].insert(gradients[at[i]].end(), found[i].begin(), found[i].end());
    };
    descend(parts_of(run.terms, [](const Term& t) { return t.moves.empty(); }), [](const nn::Net&) { return true; });
    // Terms that move the same networks are differentiated together.
    std::vector<const Term*> narrow;
    for (const Term& t : run.terms)
      if (!t.moves.empty() && std::none_of(narrow.begin(), narrow.end(), [&](const Term* o) { return o->moves == t.moves; })) narrow.push_back(&t);
    for (const Term* lead : narrow) {
      for (const nn::Net& n : lead->moves)
        require(std::find(nets.begin(), nets.end(), n) != nets.end(), "update ", update.name, ", term ", lead->name, ": moves ", n.name(), ", which the update does not hold");
      descend(parts_of(run.terms, [&](const Term& t) { return t.moves == lead->moves; }),
              [&](const nn::Net& n) { return std::find(lead->moves.begin(), lead->moves.end(), n) != lead->moves.end(); });
    }
  }
  for (Term& t : run.terms) t.value = cast(t.value, t.value.dtype() == DType::bf16 ? DType::f32 : t.value.dtype()).constant();
  for (size_t i = 0; i < moved.size(); ++i)
    run.norms.push_back(moved[i].optimiser->stepper.step(std::vector<Tensors>(gradients.begin() + int64_t(first[i]), gradients.begin() + int64_t(first[i + 1])), gates[i]));
  if (!update.after) return;
  ContextScope scope;
  context().recording = false;
  update.after(batches_[size_t(update.first_batch + repeat)]);
}

std::vector<std::pair<std::string, double>> Trainer::values() const {
  std::vector<std::pair<std::string, double>> out;
  const auto note = [&](const std::string& name, double x) {
    require(std::isfinite(x), name, " is ", x, " at iteration ", iteration_, ": the run has diverged; try a smaller rate, another objective or another seed");
    out.emplace_back(name, x);
  };
  for (size_t u = 0; u < runs_.size(); ++u) {
    const Run& last = *runs_[u].back();
    if (!last.done) continue;
    for (const Term& t : last.terms) note(now().updates[u].name + "/" + t.name, t.value.item());
    for (size_t i = 0; i < moved_[u].size(); ++i) note("grad_norm/" + name_of(u, moved_[u][i].net), std::sqrt(last.norms[i].item()));
  }
  for (const auto& [name, ratio] : ratios_) note(name, ratio);
  return out;
}

void Trainer::sampling(uint64_t sample_seed, const std::function<void()>& f) {
  ContextScope scope;
  Context& c = context();
  c.training = recipe_.sample_statistics == Statistics::batch;
  c.recording = false;
  seed(sample_seed);
  set_random_position(0xFFFFFFFF, kSampleUnits);
  AveragesInPlace in_place(averages());
  f();
}

Tensor Trainer::sample(int64_t n, uint64_t sample_seed, const Batch* batch) {
  Tensors parts;
  sampling(sample_seed, [&] {
    const int64_t chunk = std::max<int64_t>(options_.batch, 1);
    for (int64_t at = 0; at < n; at += chunk) {
      set_random_position(0xFFFFFFFF, kSampleUnits + uint32_t(at / chunk));
      parts.push_back(cast(recipe_.draw(std::min(chunk, n - at), batch ? *batch : batches_[0]), context().dtype));
    }
  });
  return parts.size() == 1 ? parts[0] : concat(parts, 0);
}

Batch Trainer::read_batch(const data::Dataset& set, const std::vector<int64_t>& rows) {
  data::HostBatch host(set.fields(), int64_t(rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    data::Random random{uint64_t(rows[i]), 0};
    set.read(rows[i], random, host, int64_t(i));
  }
  Batch b = make_batch(set.fields(), int64_t(rows.size()));
  fill(b, host);
  return b;
}

std::vector<nn::NamedTensor> Trainer::state() const {
  std::vector<nn::NamedTensor> s;
  for (const nn::Net& n : recipe_.nets) {
    for (const auto& p : n.parameters()) s.push_back({n.name() + "." + p.name, p.value});
    for (const auto& b : n.buffers()) s.push_back({n.name() + "." + b.name, b.value});
  }
  for (const auto& k : recipe_.kept) s.push_back({"kept." + k.name, k.value});
  for (size_t u = 0; u < moved_.size(); ++u)
    for (const Moved& m : moved_[u])
      for (const auto& t : m.own ? m.optimiser->stepper.state() : std::vector<nn::NamedTensor>{}) s.push_back({"optimizer." + now().updates[u].name + "." + m.net.name() + "." + t.name, t.value});
  return s;
}

void Trainer::prepare_resume(int64_t iteration) {
  if (const size_t stage = place_of(iteration).first; stage != stage_) begin_stage(stage);
}

void Trainer::resume_at(int64_t iteration) {
  iteration_ = iteration, entered_ = iteration > 0;
  const int64_t done = iteration - stage_start_;
  for (size_t u = 0; u < moved_.size(); ++u) {
    const Update& update = now().updates[u];
    int64_t steps = (done + update.interval - 1) / update.interval * update.repeat;
    for (int64_t i = 0; update.more && i < done; i += update.interval) steps += update.more(i);
    for (Moved& m : moved_[u]) m.optimiser->steps = m.own ? steps : m.optimiser->steps + steps;
  }
  if (loader_) loader_->seek(iteration * batches_per_iteration() + more_batches_before(iteration));
}

const Losses& Trainer::terms(size_t update) const { return runs_[update].front()->terms; }

int64_t Trainer::launches() const {
  int64_t n = 0;
  for (const auto& u : shared_units_) n += u->launches();
  for (const auto& runs : runs_)
    for (const auto& r : runs) n += r->unit.launches();
  return n;
}

}  // namespace ganymede
