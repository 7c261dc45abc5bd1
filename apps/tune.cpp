// ganymede tune: measures the variants of convolutions, attentions and norms on this machine's card, for later runs to follow.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iomanip>
#include <iostream>
#include <memory>

#include "apps/kernel_run.h"
#include "apps/options.h"
#include "apps/validators.h"
#include "apps/verbs.h"
#include "engine/atomic_file.h"
#include "engine/check.h"
#include "gan/tuned.h"

namespace ganymede::apps {
namespace {

using kernels::AttentionRole;
using kernels::ConvVariant;
using kernels::NormRole;
using kernels::VariantKernels;

// What the simulator counts for one convolution in some seconds, all variants together.
constexpr double kCounted = 2e7;
// A variant must be so much faster than the table's choice to take its place: less is noise.
constexpr double kGain = 0.98;
// The variants of an attention, by name.
constexpr const char *kTwin = "twin", *kNoTwin = "mma";

struct TuneOptions {
  ModelOptions model;
  std::vector<std::string> shapes, directions, attentions, norms;
  std::string device = "auto", number = "bf16", file;
  bool show = false, forget = false, variants = false;
};

DType dtype_of(const std::string& number) { return number == "bf16" ? DType::bf16 : DType::f32; }
Math math_of(const std::string& number) { return number == "tf32" ? Math::tf32 : Math::f32; }

// A shape is parsed as another verb does it, whose name stands in what it refuses.
template <class Parse>
auto in_own_name(const char* option, Parse&& parse) {
  try {
    return parse();
  } catch (const UsageError& wrong) {
    const std::string what = wrong.what(), other = "kernels run: --shape";
    throw UsageError(what.starts_with(other) ? "tune: " + (option + what.substr(other.size())) : what);
  }
}

UsedConvolution parse(const std::string& direction, const std::string& shape, const std::string& number) {
  return in_own_name("--shape", [&] {
    const auto [problem, role] = convolution_shape(kernel_operation("conv2d." + direction), {shape, 0, 1});
    UsedConvolution u{role, problem};
    u.problem.dtype = dtype_of(number);
    u.problem.math = math_of(number);
    return u;
  });
}

kernels::Attention parse_attention(const std::string& shape, const std::string& number) {
  const std::vector<int> s = in_own_name("--attention", [&] { return parse_shape(kernel_operation("attention.forward"), shape); });
  return {s[0], s[1], s[2], s[3], s[4], 1 / std::sqrt(double(s[3])), dtype_of(number), math_of(number)};
}

kernels::Norm parse_norm(const std::string& shape, const std::string& number) {
  const std::vector<int> s = in_own_name("--norm", [&] { return parse_shape(kernel_operation("norm.forward"), shape); });
  return {s[0], s[1], s[2], 1, 1e-5, true, 0, dtype_of(number)};
}

// Puts it behind the others unless it stands there.
template <class Use, class Same>
void add_once(std::vector<Use>& all, const Use& use, Same same) {
  if (std::none_of(all.begin(), all.end(), [&](const Use& old) { return same(old, use); })) all.push_back(use);
}

struct Wanted {
  std::vector<UsedConvolution> convolutions;
  std::vector<UsedAttention> attentions;
  std::vector<UsedNorm> norms;
  size_t count() const { return convolutions.size() + attentions.size() + norms.size(); }
};

// Of the given shapes, or of one iteration of a model, on paper; each once. Norms without variants are left out.
Wanted wanted(const TuneOptions& o, const VariantKernels& v) {
  Wanted all;
  const auto add = [&](const UsedConvolution& u) { add_once(all.convolutions, u, same_convolution); };
  const auto add_attention = [&](const UsedAttention& u) { add_once(all.attentions, u, same_attention); };
  const auto add_norm = [&](const UsedNorm& u) {
    int list[kernels::kMostNormVariants];
    if (u.problem.dtype != DType::f64 && v.list_norm(u.role, u.problem, list) > 1) add_once(all.norms, u, same_norm);
  };
  std::vector<std::string> directions = o.directions;
  if (directions.empty()) directions = {"forward", "data_gradient", "weight_gradient"};
  std::vector<std::string> shapes;
  for (const std::string& shape : o.shapes) {
    if (shape != "all") shapes.push_back(shape);
    else
      for (const auto& row : kernels::kConv2dRows) shapes.push_back(row.name);
  }
  for (const std::string& shape : shapes)
    for (const std::string& direction : directions) add(parse(direction, shape, o.number));
  for (const std::string& shape : o.attentions)
    for (const AttentionRole role : {AttentionRole::forward, AttentionRole::query_gradient, AttentionRole::key_gradient}) add_attention({role, parse_attention(shape, o.number)});
  for (const std::string& shape : o.norms)
    for (const NormRole role : {NormRole::forward, NormRole::gradient, NormRole::second_gradient}) add_norm({role, parse_norm(shape, o.number)});
  if (o.model.session.model.empty()) return all;
  SessionOptions options = o.model.get();
  options.precision = o.number;
  ContextScope scope;
  Session session(options, Session::Use::plan);
  ConvolutionRecord record;
  AttentionRecord attention_record;
  NormRecord norm_record;
  session.trainer().step();
  for (const UsedConvolution& u : record.all())
    if (u.problem.dtype != DType::f64) add(u);
  for (const UsedAttention& u : attention_record.all())
    if (u.problem.dtype != DType::f64) add_attention(u);
  for (const UsedNorm& u : norm_record.all()) add_norm(u);
  if (all.count() == 0) throw UsageError("tune: an iteration of " + o.model.session.model + " has no convolution, no attention and no norm of channels");
  return all;
}

std::string describe(const UsedConvolution& u) {
  const kernels::Conv2d& p = u.problem;
  const std::string text = std::string(role_name(u.role)) + " " + number_name(p.dtype, p.math);
  return text + ", " + convolution_case(p, u.role).text;
}

std::string describe(const UsedAttention& u) {
  return std::string(number_name(u.problem.dtype, u.problem.math)) + ", " + attention_case(u.problem, u.role).text;
}

std::string describe(const UsedNorm& u) { return std::string(number_name(u.problem.dtype, Math::f32)) + ", " + norm_case(u.problem, u.role).text; }

std::string blocks_name(int blocks) { return blocks == 0 ? "two launches" : blocks == 1 ? "a block" : "a cluster of " + std::to_string(blocks); }

std::string name(const VariantKernels& v, const ConvVariant& c) { return std::string(v.tile_name(c.tile)) + " x " + std::to_string(c.parts); }

std::string shown_cost(double cost, bool counted) {
  char text[64];
  std::snprintf(text, sizeof text, counted ? "%.0f terms" : "%.2f us", counted ? cost : cost * 1e6);
  return text;
}

// A way to compute a case: how the kernels are told to take it, and what the simulator counts instead of timing.
struct Variant {
  std::string name;
  std::function<void()> prefer;
  double counted;
};
struct Measured {
  size_t best = 0;
  double cost = 0, table_cost = 0;
};

// Runs every variant once, compares it with the first, which is the table's choice, and measures it.
Measured measure(const Device& device, const KernelCase& problem, DType dtype, Math math, const std::string& description, const std::vector<Variant>& all,
                 bool print_variants) {
  const kernels::Kernels& table = kernels_of(device);
  const bool counted = device.type == DeviceType::sim;
  all[0].prefer();
  PreparedCase prepared(table, problem, dtype, math);
  std::vector<std::vector<double>> right;
  Measured m;
  for (size_t i = 0; i < all.size(); ++i) {
    all[i].prefer();
    prepared.renew_workspace();
    prepared.call();
    for (size_t operand = 0, output = 0; operand < problem.operands.size(); ++operand) {
      if (!problem.operands[operand].output) continue;
      const std::vector<double> found = prepared.values(operand);
      if (i == 0) right.push_back(found);
      const double error = relative_error(found, right[output++]);
      if (!(error <= allowed_error(problem, dtype, math)))
        throw Error("tune: " + all[i].name + " gives another result than " + all[0].name + " (relative error " + text(error) + ") for " + description);
    }
    const double cost = counted ? all[i].counted : median_seconds(table, [&] { prepared.call(); });
    if (print_variants) std::cout << "  " << all[i].name << ", " << shown_cost(cost, counted) << "\n";
    if (i == 0) m.cost = m.table_cost = cost;
    if (cost < m.cost && cost < kGain * m.table_cost) m.best = i, m.cost = cost;
  }
  std::cout << description << ": " << all[m.best].name << ", " << shown_cost(m.cost, counted);
  if (m.best > 0) std::cout << " (table: " << all[0].name << ", " << shown_cost(m.table_cost, counted) << ")";
  else std::cout << " (as the table has it)";
  std::cout << ", " << all.size() << " variants\n" << std::flush;
  return m;
}

TunedConvolution measure(const Device& device, const UsedConvolution& u, bool print_variants) {
  const VariantKernels& v = *variants_of(device);
  ConvVariant list[kernels::kMostVariants];
  const int count = v.list(u.role, u.problem, list);
  std::vector<Variant> all;
  for (int i = 0; i < count; ++i)
    all.push_back({name(v, list[i]), [&v, &u, c = list[i]] { v.prefer(u.role, u.problem, c); }, v.count(u.role, u.problem, list[i])});
  const Measured m = measure(device, convolution_case(u.problem, u.role), u.problem.dtype, u.problem.math, describe(u), all, print_variants);
  return {u, v.tile_name(list[m.best].tile), list[m.best].parts, m.cost, m.table_cost};
}

TunedAttention measure(const Device& device, const UsedAttention& u, bool print_variants) {
  const VariantKernels& v = *variants_of(device);
  const KernelCase problem = attention_case(u.problem, u.role);
  std::vector<Variant> all;
  for (const bool twin : {false, true}) {
    if (twin && !v.has_attention_twin(u.role, u.problem)) continue;
    all.push_back({twin ? kTwin : kNoTwin, [&v, &u, twin] { v.prefer_attention_twin(u.role, u.problem, twin); }, problem.multiply_adds});
  }
  const Measured m = measure(device, problem, u.problem.dtype, u.problem.math, describe(u), all, print_variants);
  return {u, m.best == 1, m.cost, m.table_cost};
}

TunedNorm measure(const Device& device, const UsedNorm& u, bool print_variants) {
  const VariantKernels& v = *variants_of(device);
  const KernelCase problem = norm_case(u.problem, u.role);
  int list[kernels::kMostNormVariants];
  const int count = v.list_norm(u.role, u.problem, list);
  std::vector<Variant> all;
  for (int i = 0; i < count; ++i) all.push_back({blocks_name(list[i]), [&v, &u, blocks = list[i]] { v.prefer_norm(u.role, u.problem, blocks); }, problem.multiply_adds});
  const Measured m = measure(device, problem, u.problem.dtype, Math::f32, describe(u), all, print_variants);
  return {u, list[m.best], m.cost, m.table_cost};
}

Device chosen_device(const TuneOptions& o) {
  if (o.device == "auto" && device_count(DeviceType::cuda) == 0)
    throw Error("tune: there is no usable card on this machine; --device sim counts instead of timing, for tests");
  const Device device = Device::parse(o.device);
  if (!variants_of(device)) throw UsageError("tune: --device must be cuda or sim; " + device.str() + " has no table of variants");
  return device;
}

void show(const Device& device, const std::filesystem::path& file) {
  const Card card = card_of(device);
  for (const TunedCard& c : read_tuned(file)) {
    std::cout << c.card.name << ", driver " << c.card.driver << (c.card == card ? " (this one)" : "") << ": " << c.convolutions.size() << " convolutions, " << c.attentions.size() << " attentions, " << c.norms.size() << " norms\n";
    if (c.card != card) continue;
    for (const TunedConvolution& t : c.convolutions)
      std::cout << "  " << describe(t.what) << ": " << t.tile << " x " << t.parts << ", " << shown_cost(t.cost, device.type == DeviceType::sim) << "\n";
    for (const TunedAttention& t : c.attentions)
      std::cout << "  " << describe(t.what) << ": " << (t.twin ? kTwin : kNoTwin) << ", " << shown_cost(t.cost, device.type == DeviceType::sim) << "\n";
    for (const TunedNorm& t : c.norms)
      std::cout << "  " << describe(t.what) << ": " << blocks_name(t.blocks) << ", " << shown_cost(t.cost, device.type == DeviceType::sim) << "\n";
  }
}

void check_sizes(const Wanted& all) {
  const auto check = [](const auto& u, double terms) {
    if (terms > kCounted) throw UsageError("tune: " + describe(u) + " has " + text(terms) + " multiply-adds and the simulator takes at most " + text(kCounted) + " each: smaller shapes, or a smaller model");
  };
  for (const UsedConvolution& u : all.convolutions) check(u, convolution_case(u.problem, u.role).multiply_adds);
  for (const UsedAttention& u : all.attentions) check(u, attention_case(u.problem, u.role).multiply_adds);
  for (const UsedNorm& u : all.norms) check(u, norm_case(u.problem, u.role).multiply_adds);
}

void tune(const TuneOptions& o) {
  const bool nothing = o.model.session.model.empty() && o.shapes.empty() && o.attentions.empty() && o.norms.empty();
  if (o.show && o.forget) throw UsageError("tune: --show or --forget, not both");
  if ((o.show || o.forget) != nothing)
    throw UsageError(nothing ? "tune: say what to measure: a model, or --shape (a row A1 to F4, all, or N,H,W,C,K,filter,stride,pad), --attention or --norm" : "tune: --show and --forget measure nothing: leave the model, --shape, --attention and --norm out");
  const Device device = chosen_device(o);
  const std::filesystem::path file = o.file.empty() ? tuned_file() : std::filesystem::path(o.file);
  if (file.empty()) throw Error("tune: there is no place for the result: set HOME or XDG_CACHE_HOME, or give --file");
  kernels_of(device).device.select(device.index);
  if (o.show) return show(device, file);
  const Card card = card_of(device);
  if (o.forget) {
    std::cout << (remove_tuned(file, card) ? "forgotten: " : "nothing was kept: ") << card.name << ", driver " << card.driver << "\n";
    return;
  }
  // A file that is not ours, or a place that cannot be written, is refused before anything is measured.
  read_tuned(file);
  std::error_code ignored;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  { const AtomicFile probe(file); }
  const Wanted all = wanted(o, *variants_of(device));
  if (device.type == DeviceType::sim) check_sizes(all);
  TunedCard result{card, {}, {}, {}};
  std::cout << "tune: " << all.convolutions.size() << " convolutions, " << all.attentions.size() << " attentions and " << all.norms.size() << " norms on " << card.name << ", driver " << card.driver
            << (device.type == DeviceType::sim ? "; counted on the simulator, not timed" : "") << "\n";
  for (const UsedConvolution& u : all.convolutions) result.convolutions.push_back(measure(device, u, o.variants));
  for (const UsedAttention& u : all.attentions) result.attentions.push_back(measure(device, u, o.variants));
  for (const UsedNorm& u : all.norms) result.norms.push_back(measure(device, u, o.variants));
  variants_of(device)->forget();
  write_tuned(file, result);
  std::cout << "kept in " << file.string() << "\n";
}

}  // namespace

void add_tune(CLI::App& program) {
  auto o = std::make_shared<TuneOptions>();
  auto* verb = program.add_subcommand("tune", "measure the variants of convolutions, attentions and norms on this card, for later runs to follow");
  auto* model = verb->add_option("model", o->model.session.model, "all convolutions, attentions and norms of one of its iterations (of the first stage, if it has several)");
  o->model.add_to(*verb);
  for (const char* of_the_model : {"--data", "--size", "--channels", "--batch", "--set", "--seed"}) verb->get_option(of_the_model)->needs(model);
  auto* shape = verb->add_option("--shape", o->shapes, "a row of the benchmark set, A1 to F4, all of them, or N,H,W,C,K,filter,stride,pad; may be repeated");
  shape->allow_extra_args(false);
  verb->add_option("--direction", o->directions, "of --shape: forward, data_gradient or weight_gradient; may be repeated (all three)")
      ->allow_extra_args(false)
      ->check(one_of({"forward", "data_gradient", "weight_gradient"}))
      ->needs(shape);
  verb->add_option("--attention", o->attentions, "an attention of batch,queries,keys,D,E and its gradients; may be repeated")->allow_extra_args(false);
  verb->add_option("--norm", o->norms, "a norm by channels of outer,rows,channels and its gradients (batch norm: outer 1, rows N x H x W); may be repeated")->allow_extra_args(false);
  verb->add_option("--dtype,--precision", o->number, "f32, tf32 (f32 on tensor cores) or bf16")->check(one_of({"f32", "tf32", "bf16"}))->capture_default_str();
  verb->add_option("--device", o->device, "auto, cuda, cuda:N or sim")->capture_default_str();
  verb->add_option("--file", o->file, "where the choices are kept (tune.json in the cache folder; others are not followed by later runs)");
  auto* variants = verb->add_flag("--variants", o->variants, "print what every variant takes, the table's choice first");
  verb->add_flag("--show", o->show, "print what is kept")->excludes(variants);
  verb->add_flag("--forget", o->forget, "remove what is kept for this card and driver")->excludes(variants);
  verb->callback([o] { tune(*o); });
}

}  // namespace ganymede::apps
