// The commands that README and docs name. Of trainings: models, settings and built-in data are what the program knows. Of trained models:
// all that is wrong with them is that the run is not there.
#include <fstream>
#include <functional>
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

// f(page, command) for each of these verbs, without what stands before the program's name.
void each_command(const std::string& verbs, const std::function<void(const std::string&, const std::string&)>& f) {
  std::vector<fs::path> pages{kRoot / "README.md"};
  for (const auto& file : fs::recursive_directory_iterator(kRoot / "docs"))
    if (file.path().extension() == ".md") pages.push_back(file.path());
  const std::regex fenced("^build/(ganymede (?:" + verbs + ") .*)"), quoted("`(?:build/)?(ganymede (?:" + verbs + ") [^`]*)`");
  for (const fs::path& page : pages) {
    std::ifstream text(page);
    for (std::string line, more; std::getline(text, line);) {
      while (line.ends_with("\\") && std::getline(text, more)) line.replace(line.size() - 1, 1, more);
      std::smatch m;
      if (std::regex_search(line, m, fenced)) f(page.filename(), m[1]);
      else
        for (std::sregex_iterator i(line.begin(), line.end(), quoted), none; i != none; ++i) f(page.filename(), i->str(1));
    }
  }
}

std::vector<Command> commands() {
  std::vector<Command> found;
  const std::regex to_fill_in("--help|--config|[ =:/][A-Z]{3,}\\b|\\.\\.\\.");
  each_command("train|explain", [&](const std::string& page, const std::string& command) {
    if (!std::regex_search(command, to_fill_in)) found.push_back({page, command, explaining(command)});
  });
  return found;
}

// The words behind the program's name, as a shell cuts them, up to a comment or the next command.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  const std::regex word("\"([^\"]*)\"|((?:[^\\s\"]|\"[^\"]*\")+)");
  const std::string asked = command.substr(0, std::min(command.find(" #"), command.find(" &&")));
  for (std::sregex_iterator i(asked.begin(), asked.end(), word), none; i != none; ++i) {
    std::string found = i->str();
    std::erase(found, '"');
    words.push_back(found);
  }
  words.erase(words.begin());
  return words;
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

TEST_F(DocsCommands, OfTrainedModelsLackOnlyTheRun) {
  int tried = 0;
  each_command("sample|apply|evaluate|export|report|serve", [&](const std::string& page, const std::string& command) {
    const std::vector<std::string> words = words_of(command);
    if (command.find("--pictures") != command.npos || command.find("--help") != command.npos || command.find("...") != command.npos) return;
    const Result r = run(words);
    EXPECT_EQ(r.status, 2) << page << ": " << command << "\n" << r.err;
    EXPECT_NE(r.err.find("no such run"), r.err.npos) << page << ": " << command << "\n" << r.err;
    ++tried;
  });
  EXPECT_GE(tried, 80);   // else most were passed over
}

}  // namespace
}  // namespace ganymede::apps
