// ganymede models: what there is.
#include "gan/models.h"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/verbs.h"

namespace ganymede::apps {

void add_models(CLI::App& program) {
  auto* verb = program.add_subcommand("models", "list every model: id, year, paper, data it needs");
  auto json = std::make_shared<bool>(false);
  verb->add_flag("--json", *json, "as JSON");
  verb->callback([json] {
    if (*json) {
      auto all = nlohmann::ordered_json::array();
      for (const Model& m : models())
        all.push_back({{"id", m.id},
                       {"paper", m.paper},
                       {"year", m.year},
                       {"arxiv", m.arxiv},
                       {"doi", m.doi},
                       {"summary", m.summary},
                       {"from", m.from},
                       {"needs", m.needs},
                       {"size", m.size},
                       {"batch", m.batch},
                       {"steps", m.steps}});
      std::cout << all.dump(2) << "\n";
      return;
    }
    std::string from;
    size_t longest = 0;
    for (const Model& m : models()) longest = std::max(longest, m.id.size());
    const int column = int(longest) + 2;
    for (const Model& m : models()) {
      if (m.from != from) std::cout << (from.empty() ? "" : "\n") << "from " << m.from << "\n";
      from = m.from;
      std::string needs;
      for (const auto& n : m.needs) needs += (needs.empty() ? "" : ", ") + n;
      std::cout << "  " << std::left << std::setw(column) << m.id << m.year << "  " << std::setw(18) << m.published() + "  "
                << m.paper << "\n"
                << std::setw(column + 2) << "" << m.summary << "; needs " << needs << "\n";
    }
  });
}

}  // namespace ganymede::apps
