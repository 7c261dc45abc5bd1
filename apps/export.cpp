// ganymede export RUN [FUNCTION] --out FILE.onnx: a trained model as a file that other runtimes read.
#include <iostream>
#include <memory>

#include "apps/options.h"
#include "apps/trained.h"
#include "apps/verbs.h"
#include "engine/atomic_file.h"
#include "engine/check.h"
#include "gan/exported.h"

namespace ganymede::apps {
namespace {

struct ExportRequest {
  TrainedOptions trained;
  std::string out;
  ExportOptions options;
};

void write(ExportRequest q) {
  // Its kernels note what they are asked for as they compute: the graph is that of the cpu, in f32, whatever the run was trained on.
  q.trained.device = "cpu", q.trained.precision = "f32";
  const auto session = open_trained(q.trained);
  const std::vector<ExportedFunction> functions = exported_functions(session->trainer().recipe());
  if (functions.empty()) throw UsageError("export: " + session->model().id + " has no function that can be written as a graph");
  if (q.options.function.empty() && q.out.empty()) {
    std::cout << "functions of " << session->model().id << ":\n";
    for (const ExportedFunction& f : functions) std::cout << "  " << f.name << "  " << f.help << "\n";
    return;
  }
  if (q.out.empty()) throw UsageError("export: name the file with --out");
  if (q.options.function.empty()) q.options.function = functions[0].name;
  const onnx_graph::Graph graph = export_graph(session->trainer(), session->config(), q.options);
  AtomicFile file(q.out);
  file.write(export_bytes(*session, q.options, graph));
  file.commit();
  const auto s = graph.summary();
  std::cout << q.out << ": " << q.options.function << ", " << s.nodes << " nodes, " << s.constants << " numbers\n";
}

}  // namespace

void add_export(CLI::App& program) {
  auto q = std::make_shared<ExportRequest>();
  auto* verb = program.add_subcommand("export", "write a trained model as an ONNX file; without --out: lists what there is of it");
  auto* folder = verb->add_option("run", q->trained.folder, "run folder")->required();
  verb->add_option("function", q->options.function, "what to write (the first that is listed)");
  verb->add_option("--iteration", q->trained.iteration, "checkpoint of this iteration (the newest)")->check(whole(0, kMostIterations))->needs(folder);
  auto* out = verb->add_option("--out", q->out, "file to write");
  verb->add_option("--batch", q->options.batch, "samples at once: the graph's shapes are fixed")->check(whole(1, 65536))->capture_default_str()->needs(out);
  verb->add_option("--height", q->options.height, "of pictures that go in (as in training)")->check(whole(1, 65536))->needs(out);
  verb->add_option("--width", q->options.width, "of pictures that go in (the height)")->check(whole(1, 65536))->needs(out);
  verb->callback([q] { write(*q); });
}

}  // namespace ganymede::apps
