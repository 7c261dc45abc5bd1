// The verbs of the program; each adds its subcommand with a callback.
#pragma once
#include <CLI/CLI.hpp>

#include "gan/session.h"

namespace ganymede::apps {

void add_models(CLI::App& program);
void add_explain(CLI::App& program);
void add_train(CLI::App& program);
void add_sample(CLI::App& program);
void add_report(CLI::App& program);

// The options that say what to build: --data, --size, --set and so on, into `options`.
struct ModelOptions {
  SessionOptions session;
  std::vector<std::string> settings;
  void add_to(CLI::App& verb);
  SessionOptions get() const;   // with the settings parsed
};

}  // namespace ganymede::apps
