// ganymede tune: measures the variants of convolutions on this machine's card, for later runs to follow.
#include <algorithm>
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

using kernels::ConvVariant;
using kernels::VariantKernels;

// What the simulator counts for one convolution in some seconds, all variants together.
constexpr double kCounted = 2e7;
// A variant must be so much faster than the table's choice to take its place: less is noise.
constexpr double kGain = 0.98;

struct Options {
  ModelOptions model;
  std::vector<std::string> shapes, directions;
  std::string device = "auto", number = "bf16", file;
  bool show = false, forget = false, variants = false;
};

UsedConvolution parse(const std::string& direction, const std::string& shape, const std::string& number) {
  try {
    const auto [problem, role] = convolution_shape(kernel_operation("conv2d." + direction), {shape, 0, 1});
    UsedConvolution u{role, problem};
    u.problem.dtype = number == "bf16" ? DType::bf16 : DType::f32;
    u.problem.math = number == "tf32" ? Math::tf32 : Math::f32;
    return u;
  } catch (const UsageError& wrong) {   // shared with another verb
    const std::string what = wrong.what(), other = "kernels run:";
    throw UsageError(what.starts_with(other) ? "tune:" + what.substr(other.size()) : what);
  }
}

// Of the given shapes, or of one iteration of a model, on paper; each once.
std::vector<UsedConvolution> wanted(const Options& o) {
  std::vector<UsedConvolution> all;
  const auto add = [&](const UsedConvolution& u) {
    if (std::none_of(all.begin(), all.end(), [&](const UsedConvolution& old) { return same_convolution(old, u); })) all.push_back(u);
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
  if (o.model.session.model.empty()) return all;
  SessionOptions options = o.model.get();
  options.precision = o.number;
  ContextScope scope;
  Session session(options, Session::Use::plan);
  ConvolutionRecord record;
  session.trainer().step();
  for (const UsedConvolution& u : record.all())
    if (u.problem.dtype != DType::f64) add(u);
  if (all.empty()) throw UsageError("tune: an iteration of " + o.model.session.model + " has no convolution");
  return all;
}

std::string describe(const UsedConvolution& u) {
  const kernels::Conv2d& p = u.problem;
  const std::string text = std::string(role_name(u.role)) + " " + number_name(p);
  return text + ", " + convolution_case(p, u.role).text;
}

std::string name(const VariantKernels& v, const ConvVariant& c) { return std::string(v.tile_name(c.tile)) + " x " + std::to_string(c.parts); }

std::string shown_cost(double cost, bool counted) {
  char text[64];
  std::snprintf(text, sizeof text, counted ? "%.0f terms" : "%.2f us", counted ? cost : cost * 1e6);
  return text;
}

// Runs every variant once, compares it with the table's choice, and measures it.
TunedConvolution measure(const Device& device, const UsedConvolution& u, bool print_variants) {
  const kernels::Kernels& table = kernels_of(device);
  const VariantKernels& v = *variants_of(device);
  const bool counted = device.type == DeviceType::sim;
  const KernelCase problem = convolution_case(u.problem, u.role);
  ConvVariant list[kernels::kMostVariants];
  const int count = v.list(u.role, u.problem, list);
  v.prefer(u.role, u.problem, list[0]);
  PreparedCase prepared(table, problem, u.problem.dtype, u.problem.math);
  const size_t output = problem.operands.size() - 1;
  std::vector<double> right;
  TunedConvolution best{u, v.tile_name(list[0].tile), list[0].parts, 0, 0};
  for (int i = 0; i < count; ++i) {
    v.prefer(u.role, u.problem, list[i]);
    prepared.renew_workspace();
    prepared.call();
    const std::vector<double> found = prepared.values(output);
    if (i == 0) right = found;
    const double error = relative_error(found, right);
    if (!(error <= allowed_error(problem, u.problem.dtype, u.problem.math)))
      throw Error("tune: " + name(v, list[i]) + " gives another result than " + name(v, list[0]) + " (relative error " + text(error) + ") for " + describe(u));
    const double cost = counted ? v.count(u.role, u.problem, list[i]) : median_seconds(table, [&] { prepared.call(); });
    if (print_variants) std::cout << "  " << name(v, list[i]) << ", " << shown_cost(cost, counted) << "\n";
    if (i == 0) best.cost = best.table_cost = cost;
    if (cost < best.cost && cost < kGain * best.table_cost) best.tile = v.tile_name(list[i].tile), best.parts = list[i].parts, best.cost = cost;
  }
  std::cout << describe(u) << ": " << best.tile << " x " << best.parts << ", " << shown_cost(best.cost, counted);
  if (best.cost < best.table_cost) std::cout << " (table: " << name(v, list[0]) << ", " << shown_cost(best.table_cost, counted) << ")";
  else std::cout << " (as the table has it)";
  std::cout << ", " << count << " variants\n" << std::flush;
  return best;
}

Device chosen_device(const Options& o) {
  if (o.device == "auto" && device_count(DeviceType::cuda) == 0)
    throw Error("tune: there is no usable card on this machine; --device sim counts instead of timing, for tests");
  const Device device = Device::parse(o.device);
  if (!variants_of(device)) throw UsageError("tune: --device must be cuda or sim; " + device.str() + " has no table of variants");
  return device;
}

void show(const Device& device, const std::filesystem::path& file) {
  const Card card = card_of(device);
  for (const TunedCard& c : read_tuned(file)) {
    std::cout << c.card.name << ", driver " << c.card.driver << (c.card == card ? " (this one)" : "") << ": " << c.convolutions.size() << " convolutions\n";
    if (c.card != card) continue;
    for (const TunedConvolution& t : c.convolutions)
      std::cout << "  " << describe(t.what) << ": " << t.tile << " x " << t.parts << ", " << shown_cost(t.cost, device.type == DeviceType::sim) << "\n";
  }
}

void check_sizes(const std::vector<UsedConvolution>& all) {
  for (const UsedConvolution& u : all) {
    const double terms = convolution_case(u.problem, u.role).multiply_adds;
    if (terms > kCounted) throw UsageError("tune: " + describe(u) + " has " + text(terms) + " multiply-adds and the simulator takes at most " + text(kCounted) + " each: smaller shapes, or a smaller model");
  }
}

void tune(const Options& o) {
  const bool nothing = o.model.session.model.empty() && o.shapes.empty();
  if (o.show && o.forget) throw UsageError("tune: --show or --forget, not both");
  if ((o.show || o.forget) != nothing)
    throw UsageError(nothing ? "tune: say what to measure: a model, or --shape (a row A1 to F4, all, or N,H,W,C,K,filter,stride,pad)" : "tune: --show and --forget measure nothing: leave the model and --shape out");
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
  const std::vector<UsedConvolution> all = wanted(o);
  if (device.type == DeviceType::sim) check_sizes(all);
  TunedCard result{card, {}};
  std::cout << "tune: " << all.size() << " convolutions on " << card.name << ", driver " << card.driver
            << (device.type == DeviceType::sim ? "; counted on the simulator, not timed" : "") << "\n";
  for (const UsedConvolution& u : all) result.convolutions.push_back(measure(device, u, o.variants));
  variants_of(device)->forget();
  write_tuned(file, result);
  std::cout << "kept in " << file.string() << "\n";
}

}  // namespace

void add_tune(CLI::App& program) {
  auto o = std::make_shared<Options>();
  auto* verb = program.add_subcommand("tune", "measure the variants of convolutions on this card, for later runs to follow");
  verb->add_option("model", o->model.session.model, "all convolutions of one of its iterations (of the first stage, if it has several)");
  o->model.add_to(*verb);
  verb->add_option("--shape", o->shapes, "a row of the benchmark set, A1 to F4, all of them, or N,H,W,C,K,filter,stride,pad; may be repeated")->allow_extra_args(false);
  verb->add_option("--direction", o->directions, "of --shape: forward, data_gradient or weight_gradient; may be repeated (all three)")
      ->allow_extra_args(false)
      ->check(one_of({"forward", "data_gradient", "weight_gradient"}));
  verb->add_option("--dtype,--precision", o->number, "f32, tf32 (f32 on tensor cores) or bf16")->check(one_of({"f32", "tf32", "bf16"}))->capture_default_str();
  verb->add_option("--device", o->device, "auto, cuda, cuda:N or sim")->capture_default_str();
  verb->add_option("--file", o->file, "where the choices are kept (tune.json in the cache folder; others are not followed by later runs)");
  verb->add_flag("--variants", o->variants, "print what every variant takes, the table's choice first");
  verb->add_flag("--show", o->show, "print what is kept");
  verb->add_flag("--forget", o->forget, "remove what is kept for this card and driver");
  verb->callback([o] { tune(*o); });
}

}  // namespace ganymede::apps
