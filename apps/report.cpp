// ganymede report RUN: one HTML file with curves, pictures and what they say.
#include "gan/run/report.h"

#include <iostream>
#include <memory>

#include "apps/verbs.h"

namespace ganymede::apps {

void add_report(CLI::App& program) {
  auto run = std::make_shared<std::string>();
  auto* verb = program.add_subcommand("report", "write report.html into a run folder");
  verb->add_option("run", *run, "run folder")->required();
  verb->callback([run] { std::cout << run::write_report(*run).string() << "\n"; });
}

}  // namespace ganymede::apps
