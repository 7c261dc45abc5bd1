// ganymede kernels: what there is, which variant serves which shape, and running one.
#include <iomanip>
#include <iostream>
#include <memory>

#include "apps/kernel_list.h"
#include "apps/kernel_run.h"
#include "apps/validators.h"
#include "apps/verbs.h"
#include "engine/check.h"
#include "gan/tuned.h"

namespace ganymede::apps {
namespace {

// What the simulator does in about a minute.
constexpr double kSimulated = 2e8;

struct KernelsOptions {
  std::string operation, device = "auto", dtype = "f32", threads;
  KernelShape shape;
  bool check = false;
  int64_t trace = -1;
};

struct Number {
  DType dtype;
  Math math;
};
Number number_of(const std::string& name) { return {name == "bf16" ? DType::bf16 : DType::f32, name == "tf32" ? Math::tf32 : Math::f32}; }

void say_counts(double multiply_adds) {
  std::cout << (multiply_adds >= 1e9 ? multiply_adds / 1e9 : multiply_adds / 1e6) << (multiply_adds >= 1e9 ? " G" : " M") << " multiply-adds\n";
}

std::pair<int, int> parse_threads(const std::string& text) {
  if (text.empty()) return {0, 1023};
  int first = 0, last = 0, used = 0;
  if (std::sscanf(text.c_str(), "%d-%d%n", &first, &last, &used) == 2 && size_t(used) == text.size() && first >= 0 && first <= last && last < 1024) return {first, last};
  used = 0;
  if (std::sscanf(text.c_str(), "%d%n", &first, &used) == 1 && size_t(used) == text.size() && first >= 0 && first < 1024) return {first, first};
  throw UsageError("kernels run: --threads " + text + " is not a thread or a range of them from 0 to 1023, like 0-31");
}

void trace(const KernelsOptions& o, const KernelCase& problem, Number number) {
  const auto [first, last] = parse_threads(o.threads);
  const kernels::TraceLibrary& library = trace_library();
  const PreparedCase prepared(library.table(), problem, number.dtype, number.math);
  const std::string text = library.watch({o.trace, first, last, prepared.trace_operands()}, [&] { prepared.call(); });
  std::cout << "what is traced: every load and store of shared memory and of the operands that g++ -O1 leaves in the kernel, where asynchronous copies\n"
               "come from and go to when they are issued, the rows that ldmatrix reads, and warp operations by name. Not traced: local variables,\n"
               "arguments, threadIdx and the like. nvcc may combine or drop accesses that stand here one by one. Shared memory and scratch count in bytes,\n"
               "operands in elements; equal accesses are shown once, and [a..b] xN every S are N such ranges, S apart. The order within a phase is not shown.\n";
  for (const KernelOperand& operand : problem.operands) {
    std::cout << "  " << operand.name << " [";
    for (size_t i = 0; i < operand.shape.size(); ++i) std::cout << (i ? ", " : "") << operand.shape[i];
    std::cout << "]" << (operand.output ? (operand.values.empty() ? " output" : " input and output") : "") << "\n";
  }
  std::cout << text;
  if (!o.check) return;
  for (const OutputError& e : check_case(prepared, problem, number.dtype, number.math))
    if (!(e.error <= e.bound)) throw Error("kernels run: " + e.name + " of the traced kernel has a wrong result");
}

void run(const KernelsOptions& o) {
  const KernelOperation& operation = kernel_operation(o.operation);
  const Device device = Device::parse(o.device);
  if (is_plan(device)) throw UsageError("kernels run: --device plan computes nothing; it must be cpu, cuda or sim");
  if (o.trace >= 0 && device.type != DeviceType::sim) throw UsageError("kernels run: --trace needs --device sim, not " + device.str());
  if (o.trace < 0 && !o.threads.empty()) throw UsageError("kernels run: --threads needs --trace BLOCK");
  KernelShape shape = o.shape;
  if (shape.text.empty()) shape.text = operation.standard;
  const KernelCase problem = operation.make(operation, shape);
  const Number number = number_of(o.dtype);
  if (number.dtype == DType::bf16 && !problem.bf16) throw UsageError(std::string("kernels run: ") + operation.name + " is not offered in bf16; --dtype f32");
  if (number.math == Math::tf32 && (!problem.tensor_cores || device.type == DeviceType::cpu))
    throw UsageError(std::string("kernels run: --dtype tf32 is for products on tensor cores (cuda and sim); ") + (problem.tensor_cores ? "--device is cpu" : operation.name) + (problem.tensor_cores ? "" : " has none"));
  if (device.type == DeviceType::sim && problem.multiply_adds > kSimulated) {
    char text[256];
    std::snprintf(text, sizeof text, "kernels run: %s %s has %.3g multiply-adds and the simulator takes at most %.3g: cut it with --batch 1, --scale S (height and width by S) or a --shape of your own",
                  operation.name, shape.text.c_str(), problem.multiply_adds, kSimulated);
    throw UsageError(text);
  }
  std::cout << operation.name << " on " << device.str() << ", " << o.dtype << (o.shape.batch || o.shape.scale > 1 ? ", cut by --batch or --scale" : "") << ": " << problem.text << "; ";
  say_counts(problem.multiply_adds);
  if (o.trace >= 0) return trace(o, problem, number);

  const kernels::Kernels& table = kernels_of(device);
  table.device.select(device.index);
  apply_tuned(device, std::cerr);
  if (const kernels::VariantKernels* variants = variants_of(device); variants && o.operation.starts_with("conv2d.")) {
    auto [p, role] = convolution_shape(operation, shape);
    p.dtype = number.dtype, p.math = number.math;
    const kernels::ConvVariant v = variants->chosen(role, p);
    std::cout << "  variant: " << variants->tile_name(v.tile) << ", sums in " << v.parts << (v.parts == 1 ? " part\n" : " parts\n");
  }
  const PreparedCase prepared(table, problem, number.dtype, number.math);
  prepared.call();
  table.device.synchronize();
  std::string wrong;
  if (o.check) {
    for (const OutputError& e : check_case(prepared, problem, number.dtype, number.math)) {
      const bool good = e.error <= e.bound;   // a NaN is not
      std::cout << "  " << e.name << ": relative error " << e.error << " against f64 (allowed " << e.bound << ")" << (good ? "" : " WRONG") << "\n";
      if (!good) wrong += (wrong.empty() ? "" : ", ") + e.name;
    }
  }
  if (device.type == DeviceType::cuda && wrong.empty()) {
    const CaseTime t = time_case(table, prepared, problem, number.dtype, number.math);
    std::cout << "  " << t.seconds * 1e6 << " us, " << std::setprecision(3) << 2 * problem.multiply_adds / t.seconds / 1e12 << " Tflop/s, " << prepared.bytes_moved() / t.seconds / 1e9
              << " GB/s; " << t.floor_seconds / t.seconds << " of the roofline of this card (a copy: " << t.bytes_per_second / 1e9 << " GB/s, our product of 4096: "
              << t.operations_per_second / 1e12 << " Tflop/s); operands that fit are in its caches\n";
  } else if (device.type != DeviceType::cuda) {
    std::cout << "  time: only on cuda" << (device.type == DeviceType::sim ? ", for the simulator's says nothing about a GPU" : "; bench_kernels times cpu") << "\n";
  }
  if (!wrong.empty()) throw Error("kernels run: wrong result in " + wrong);
}

void add_run(CLI::App& verb) {
  auto o = std::make_shared<KernelsOptions>();
  auto* sub = verb.add_subcommand("run", "run one kernel on a shape; check, time or trace it");
  std::string what = "operation and its shape:";
  for (const KernelOperation& k : kernel_operations()) what += std::string("\n") + k.name + "  " + k.shape + " (" + k.standard + ")";
  sub->add_option("operation", o->operation, what)->required();
  sub->add_option("--shape", o->shape.text, "numbers with commas between; for conv2d also a row of the benchmark set, A1 to F4");
  sub->add_option("--device", o->device, "auto, cpu, cuda, cuda:N or sim")->capture_default_str();
  sub->add_option("--dtype", o->dtype, "f32, tf32 (f32 on tensor cores) or bf16")->check(one_of({"f32", "tf32", "bf16"}))->capture_default_str();
  sub->add_option("--batch", o->shape.batch, "this batch instead of the shape's")->check(whole(1, 1 << 20));
  sub->add_option("--scale", o->shape.scale, "divides height and width")->check(whole(1, 4096));
  sub->add_flag("--check", o->check, "compare with f64 on the cpu; a wrong result ends with 1");
  sub->add_option("--trace", o->trace, "on sim: what each thread of this block (0: the first) reads and writes, barrier by barrier")->check(whole(0, INT64_MAX));
  sub->add_option("--threads", o->threads, "of the traced block: one thread or a range, 0-31 (all)");
  sub->callback([o, &verb] {
    if (verb.count("--rows") > 0) throw UsageError("kernels: --rows lists what convolutions run; leave it out with run");
    run(*o);
  });
}

}  // namespace

void add_kernels(CLI::App& program) {
  struct State {
    bool rows = false;
    std::string dtype = "f32", card = "sm_80";
  };
  auto s = std::make_shared<State>();
  auto* verb = program.add_subcommand("kernels", "list the kernels and their variants; run, check, time or trace one");
  auto* rows = verb->add_flag("--rows", s->rows, "which variant serves each of the thirty convolutions of the benchmark set");
  verb->add_option("--dtype", s->dtype, "of --rows: f32, tf32 or bf16")->check(one_of({"f32", "tf32", "bf16"}))->capture_default_str()->needs(rows);
  verb->add_option("--card", s->card, "of --rows: sm_90 has twins, all others are as sm_80")->check(one_of({"sm_80", "sm_90"}))->capture_default_str()->needs(rows);
  verb->require_subcommand(0, 1);
  verb->callback([verb, s] {
    if (!verb->get_subcommands().empty()) return;
    const Number n = number_of(s->dtype);
    std::cout << (s->rows ? list_rows(n.dtype, n.math, s->card == "sm_90" ? 90 : 80) : list_kernels());
  });
  add_run(*verb);
}

}  // namespace ganymede::apps
