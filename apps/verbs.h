// The verbs of the program; each adds its subcommand with a callback.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace ganymede::apps {

void add_models(CLI::App& program);
void add_explain(CLI::App& program);
void add_train(CLI::App& program);
void add_sample(CLI::App& program);
void add_apply(CLI::App& program);
void add_serve(CLI::App& program);
void add_report(CLI::App& program);
void add_evaluate(CLI::App& program);
void add_study_measures(CLI::App& program);
void add_kernels(CLI::App& program);
void add_tune(CLI::App& program);
void add_export(CLI::App& program);

// The one line of a failure, with its end.
std::string failure_line(const std::string& what);

}  // namespace ganymede::apps
