// The trainings that README and docs name: models, settings and built-in data are what the program knows.
#include <fstream>
#include <regex>
#include <sstream>

#include "gan/models.h"
#include "tests/apps/program.h"
#include "tests/support/places.h"

namespace ganymede::apps {
namespace {

namespace fs = std::filesystem;
const fs::path kRoot = test::source_dir();

struct Command {
  std::string page, line;
  std::vector<std::string> explain;   // what explains the training; empty: its data are files
};

// Options of train that explain does not have; true: with a value.
const std::map<std::string, bool> kOfTraining{{"--out", true}, {"--steps", true}, {"--epochs", true}, {"--threads", true}, {"--log-every", true}, {"--sample-every", true},
                                              {"--save-every", true}, {"--resume", false}, {"--allow-inexact", false}};

std::vector<std::string> explaining(const std::string& line) {
  std::istringstream words(line.substr(0, line.find(" #")));
  std::string word, data;
  words >> word >> word;   // the verb
  std::vector<std::string> out{"explain"};
  while (words >> word) {
    if (const auto of_training = kOfTraining.find(word); of_training != kOfTraining.end()) {
      if (of_training->second) words >> word;
    } else if (word == "--data") {
      words >> data;
    } else {
      out.push_back(word);
    }
  }
  if (data.empty() && out.size() > 1) data = find_model(out[1]).data;
  if (data == "fashion-mnist") data = "shapes:single";   // which is always there
  if (!data.starts_with("shapes") && !data.starts_with("mixture")) return {};
  out.insert(out.end(), {"--data", data});
  return out;
}

std::vector<Command> commands() {
  std::vector<Command> found;
  std::vector<fs::path> pages{kRoot / "README.md"};
  for (const auto& f : fs::recursive_directory_iterator(kRoot / "docs"))
    if (f.path().extension() == ".md") pages.push_back(f.path());
  const std::regex placeholder("--help|--config|[ =:/][A-Z]{3,}\\b|\\.\\.\\.");
  const std::regex fenced("^build/(ganymede (train|explain) .*)"), quoted("`(?:build/)?(ganymede (?:train|explain) [^`]*)`");
  for (const fs::path& page : pages) {
    std::ifstream text(page);
    for (std::string line, more; std::getline(text, line);) {
      while (line.ends_with("\\") && std::getline(text, more)) line.replace(line.size() - 1, 1, more);
      std::smatch m;
      const auto add = [&](const std::string& command) {
        if (!std::regex_search(command, placeholder)) found.push_back({page.filename(), command, explaining(command)});
      };
      if (std::regex_search(line, m, fenced)) add(m[1]);
      else
        for (std::sregex_iterator i(line.begin(), line.end(), quoted), none; i != none; ++i) add(i->str(1));
    }
  }
  return found;
}

class DocsCommands : public ProgramTest {};

TEST_F(DocsCommands, AreKnownToTheProgram) {
  int explained = 0;
  for (const Command& c : commands()) {
    if (c.explain.empty()) continue;
    const Result r = run(c.explain);
    EXPECT_EQ(r.status, 0) << c.page << ": " << c.line << "\n" << r.err;
    ++explained;
  }
  EXPECT_GE(explained, 55);   // else most were passed over
}

}  // namespace
}  // namespace ganymede::apps
