// The layers: kernels <- engine <- nn <- gan <- apps. No file includes a header of a layer above its own, and what the
// engine sees of the kernels is kernels/api alone.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>

#include "tests/support/places.h"

namespace {

namespace fs = std::filesystem;

const std::map<std::string, int> kLayers{{"kernels", 0}, {"engine", 1}, {"nn", 2}, {"gan", 3}, {"apps", 4}};

TEST(Includes, NeverRunUpward) {
  const fs::path root = ganymede::test::source_dir();
  const std::regex include("^\\s*#\\s*include\\s+\"([a-z_]+)/([^\"]+)\"");
  int seen = 0;
  for (const auto& [layer, level] : kLayers) {
    for (const auto& entry : fs::recursive_directory_iterator(root / layer)) {
      const std::string kind = entry.path().extension().string();
      if (kind != ".h" && kind != ".cpp" && kind != ".cu") continue;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        std::smatch match;
        if (!std::regex_search(line, match, include)) continue;
        const auto found = kLayers.find(match[1].str());
        ASSERT_NE(found, kLayers.end()) << entry.path() << ": " << line;
        EXPECT_LE(found->second, level) << entry.path() << ": " << line;
        if (found->second == 0 && level > 0 && level < 4) EXPECT_TRUE(match[2].str().starts_with("api/")) << entry.path() << ": " << line;
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 300);
}

TEST(Includes, ModelsNeverSpeakOfDevicesOrGraphs) {
  const std::regex words("\\b(cuda|stream|detach|zero_grad|requires_grad)\\b", std::regex::icase);
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(ganymede::test::source_dir()) / "gan" / "models")) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) EXPECT_FALSE(std::regex_search(line, words)) << entry.path() << ": " << line;
  }
}

}  // namespace
