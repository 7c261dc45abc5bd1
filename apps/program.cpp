#include "apps/program.h"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <new>

#include "apps/options.h"
#include "apps/verbs.h"
#include "engine/check.h"
#include "kernels/cpu/threads.h"

namespace ganymede::apps {
namespace {

// The first word must be a verb; the parser itself would only say that one is missing.
void check_verb(const CLI::App& program, int argc, char** argv) {
  if (argc > 1 && argv[1][0] == '-') return;
  std::vector<std::string> verbs;
  for (const CLI::App* verb : program.get_subcommands([](const CLI::App*) { return true; }))
    verbs.push_back(verb->get_name());
  if (argc < 2) throw UsageError("say what to do: " + alternatives(verbs) + " (ganymede --help)");
  if (std::find(verbs.begin(), verbs.end(), argv[1]) == verbs.end())
    throw UsageError("unknown verb " + std::string(argv[1]) + ": it must be " + alternatives(verbs));
}

std::string describe_extra(const CLI::App& program) {
  const std::vector<std::string> extras = program.remaining(true);
  const CLI::App* deepest = &program;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  const CLI::App& at = *deepest;
  const std::string extra = extras.empty() ? "" : extras.front();
  if (!extra.starts_with('-')) return at.get_name() + ": nothing is expected where " + extra + " stands";
  std::vector<std::string> options;
  for (const CLI::Option* o : at.get_options())
    if (o->nonpositional()) options.push_back(o->get_name());
  return at.get_name() + ": unknown option " + extra + ": it must be " + alternatives(options);
}

}  // namespace

std::string failure_line(const std::string& what) {
  std::string line = "ganymede: " + what;
  std::replace(line.begin(), line.end(), '\n', ' ');  // names of files may hold any byte
  return line + "\n";
}

namespace {

int run(int argc, char** argv, const std::vector<Model>& own) {
  CLI::App program{"Ganymede: generative adversarial networks, trained and used without Python"};
  program.name("ganymede");
  program.set_version_flag("--version", version());
  program.require_subcommand(1);
  add_models(program);
  add_explain(program);
  add_train(program);
  add_sample(program);
  add_apply(program);
  add_serve(program);
  add_export(program);
  add_report(program);
  add_evaluate(program);
  add_study_measures(program);
  add_kernels(program);
  add_tune(program);
  const auto fail_with = [](int status, const std::string& what) {
    std::cerr << failure_line(what);
    return status;
  };
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit is an error to report, as a full disk is
  try {
    for (const Model& model : own) add_model(model);
    check_verb(program, argc, argv);
    program.parse(argc, argv);
    std::cout.flush();
    return std::cout ? 0 : fail_with(1, "cannot write to the standard output");
  } catch (const CLI::ExtrasError&) {
    return fail_with(2, describe_extra(program));
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return program.exit(e);
    return fail_with(2, std::string(e.what()) + " (ganymede --help)");
  } catch (const UsageError& e) {
    return fail_with(2, e.what());
  } catch (const std::bad_alloc&) {
    return fail_with(1, "out of memory");
  } catch (const std::exception& e) {
    return fail_with(1, e.what());
  }
}

}  // namespace
}  // namespace ganymede::apps

int ganymede::run_program(int argc, char** argv, const std::vector<Model>& own) {
  kernels::cpu::restart_with_short_spin(argv);
  return apps::run(argc, argv, own);
}
