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
  std::unique_ptr<Unit> steps;  // what follows the exchange with other processes, where there are any
  Tensors exchanged;            // gradients and losses
  std::vector<Tensors> averaged;  // the gradients among them, as the steps read them
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
  Tensor gradient = {};  // flat, the mean of all processes'
};

namespace {

// An update and its repeat in the lowest 20 bits, the process above them, and what the draw is for.
constexpr uint32_t kSharedUnits = 0x40000000, kStageUnits = 0x80000000;   // and 0xC0000000 of samples (trainer_sampling.cpp)
constexpr int kProcessBit = 20, kMostProcesses = 1024;

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

}  // namespace

Trainer::Trainer(Recipe recipe, const TrainerOptions& options, const std::vector<data::Field>& fields, data::Loader* loader)
    : recipe_(std::move(recipe)), options_(options), loader_(loader) {
  for (const Stage& s : recipe_.stages) require(!s.updates.empty(), "a recipe without updates", s.name.empty() ? "" : " in stage ", s.name);
  const int processes = options_.group ? options_.group->size() : 1;
  require(options_.batch % processes == 0, "a batch of ", options_.batch, " for ", processes, " processes; it must be a multiple of their number");
  require(processes <= kMostProcesses, processes, " processes; at most ", kMostProcesses, " train together");
  for (int i = recipe_.batches(); i > 0; --i) batches_.push_back(blank_batch(fields, options_.batch / processes));
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
    for (int i = 0; i < u.repeat; ++i) {
      runs.push_back(std::make_unique<Run>(options_.capture, scratch));
      if (options_.group) runs.back()->steps = std::make_unique<Unit>(options_.capture, scratch);
    }
    auto& moved = moved_.emplace_back();
    if (!u.optimiser_of.empty()) {
      const size_t first = size_t(std::find_if(now().updates.begin(), now().updates.end(), [&](const Update& o) { return o.name == u.optimiser_of; }) - now().updates.begin());
      // Of its networks, those that this update's groups still hold.
      for (const Moved& m : moved_[first])
        if (std::any_of(u.groups.begin(), u.groups.end(), [&](const Group& g) { return std::find(g.nets.begin(), g.nets.end(), m.net) != g.nets.end(); })) moved.push_back({m.net, m.optimiser, false, m.gate});
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

// What one process cannot read stops all of them, before anything has moved.
void Trainer::load_batches() {
  if (!options_.group) return read_batches();
  std::string error;
  try {
    read_batches();
  } catch (const data::ReadError& e) {
    error = e.what();
  }
  if (const std::string first = options_.group->first(error); !first.empty()) throw data::ReadError(first);
}

void Trainer::read_batches() {
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

// What a stage draws as it begins is the same in all processes; in the iterations each draws for samples of its own.
void Trainer::place_draws(uint32_t unit) {
  if (is_plan(context().device)) return;
  const uint32_t process = options_.group && !(unit & kStageUnits) ? uint32_t(options_.group->rank()) : 0;
  set_random_position(uint32_t(iteration_), unit | process << kProcessBit);
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
    if (options_.group) {
      run.unit.run([&] { run.averaged = write_for_all(index, run, find_gradients(update, run, j)); });
      exchange(run.exchanged, kept_statistics());
      run.steps->run([&] { take_steps(update, run, j, run.averaged); });
    } else {
      run.unit.run([&] { take_steps(update, run, j, find_gradients(update, run, j)); });
    }
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
  if (options_.group) exchange({}, running_statistics());
  if (++iteration_ <= recipe_.average_from)
    for (const auto& [net, average] : averages()) assign(average, net.flat());
}

void Trainer::step_only(size_t update) {
  if (!entered_) enter(stage_);
  load_batches();
  compute_shared();
  run_update(update, false);
  if (options_.group) exchange({}, running_statistics());
  ++iteration_;
}

// Averages these over all processes, and what follows samples beside weights if it was written since all had the same: each has followed its own share.
void Trainer::exchange(Tensors all, const Tensors& followed) {
  const auto version = [](const Tensor& t) { return t.storage()->version; };
  for (const Tensor& t : followed)
    if (const auto agreed = agreed_.find(t.storage().get()); agreed == agreed_.end() || agreed->second != version(t)) all.push_back(t);
  options_.group->average(all);
  for (const Tensor& t : followed) agreed_[t.storage().get()] = version(t);
}

// Before each step, since gates read them.
Tensors Trainer::kept_statistics() const {
  Tensors all;
  for (const auto& k : recipe_.kept)
    if (is_floating(k.value.dtype()) && std::find(recipe_.samples.begin(), recipe_.samples.end(), k.name) == recipe_.samples.end()) all.push_back(k.value);
  return all;
}

// Behind an iteration's last step, since graphs of shared values hold those of spectral norm.
Tensors Trainer::running_statistics() const {
  Tensors all;
  for (const nn::Net& n : recipe_.nets)
    for (const auto& b : n.buffers())
      if (is_floating(b.value.dtype())) all.push_back(b.value);
  return all;
}

// Of the parameters of all moved networks in turn, each as parts that add up.
std::vector<Tensors> Trainer::find_gradients(const Update& update, Run& run, int repeat) {
  std::vector<Moved>& moved = moved_[size_t(&update - now().updates.data())];
  std::vector<nn::Net> nets;
  Tensors leaves;
  std::vector<size_t> first{0};
  for (const Moved& m : moved) {
    nets.push_back(m.net);
    for (const auto& p : m.net.parameters()) leaves.push_back(p.value);
    first.push_back(leaves.size());
  }
  run.terms.clear();
  std::vector<Tensors> gradients(leaves.size());
  {
    nn::Moving moving(nets);
    run.terms = update.loss(batches_[size_t(update.first_batch + repeat)]);
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
  return gradients;
}

// Gradients and losses where the exchange finds them, the gradients as the steps will read them.
std::vector<Tensors> Trainer::write_for_all(size_t index, Run& run, const std::vector<Tensors>& gradients) {
  ContextScope scope;
  context().recording = false;
  std::vector<Tensors> written;
  run.exchanged.clear();
  for (Moved& m : moved_[index]) {
    if (!m.gradient) m.gradient = empty_like(m.net.flat());
    run.exchanged.push_back(m.gradient);
    for (size_t i = 0; i < m.net.parameters().size(); ++i) {
      const Tensor place = m.net.slice_of(m.gradient, i);
      Tensor sum;
      for (const Tensor& part : gradients[written.size()]) sum = sum ? add(sum, part) : part;
      assign(place, sum ? sum : zeros_like(place));
      written.push_back({place});
    }
  }
  for (Term& t : run.terms) {
    const Tensor own = empty_like(t.value);
    assign(own, t.value);
    run.exchanged.push_back(t.value = own);
  }
  return written;
}

// All gradients are known before the first step, so networks that move together see each other where they were.
void Trainer::take_steps(const Update& update, Run& run, int repeat, const std::vector<Tensors>& gradients) {
  ContextScope scope;
  context().recording = false;
  run.norms.clear();
  auto next = gradients.begin();
  for (Moved& m : moved_[size_t(&update - now().updates.data())]) {
    const auto end = next + int64_t(m.net.parameters().size());
    run.norms.push_back(m.optimiser->stepper.step(std::vector<Tensors>(next, end), m.gate ? m.gate(run.terms) : Tensor()));
    next = end;
  }
  if (update.after) update.after(batches_[size_t(update.first_batch + repeat)]);
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

Batch Trainer::blank_batch(const std::vector<data::Field>& fields, int64_t size) {
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

Batch Trainer::read_batch(const data::Dataset& set, const std::vector<int64_t>& rows) {
  data::HostBatch host(set.fields(), int64_t(rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    data::Random random{uint64_t(rows[i]), 0};
    set.read(rows[i], random, host, int64_t(i));
  }
  Batch b = blank_batch(set.fields(), int64_t(rows.size()));
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
