// The documents say what the sources say: quotations equal their files, links lead to files.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/support/places.h"

namespace {

namespace fs = std::filesystem;
const fs::path kRoot = ganymede::test::source_dir();

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// Code has brackets of its own.
std::string without_code(std::string text) {
  for (size_t at = text.find("```"); at != std::string::npos; at = text.find("```", at)) {
    const size_t end = text.find("```", at + 3);
    text.erase(at, end == std::string::npos ? end : end + 3 - at);
  }
  return text;
}

std::vector<fs::path> pages() {
  std::vector<fs::path> out{kRoot / "README.md"};
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "docs"))
    if (entry.path().extension() == ".md") out.push_back(entry.path());
  return out;
}

// A quotation is a line `<!-- quote FILE -->` and a fenced block whose lines stand in the file one after another.
TEST(Docs, QuoteTheirSources) {
  int quotations = 0;
  for (const fs::path& page : pages()) {
    const std::string text = read(page);
    const std::string mark = "<!-- quote ";
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
      const size_t name = at + mark.size(), name_end = text.find(" -->\n", name), begin = text.find("```", name_end);
      ASSERT_EQ(begin, name_end + 5) << page << ": no fenced block behind " << text.substr(at, 80);
      const size_t body = text.find('\n', begin) + 1, end = text.find("```", body);
      const std::string file = text.substr(name, name_end - name), quoted = text.substr(body, end - body);
      ASSERT_TRUE(fs::exists(kRoot / file)) << page << " quotes " << file;
      EXPECT_GT(quoted.size(), 40u);
      EXPECT_NE(read(kRoot / file).find(quoted), std::string::npos) << page << ": its quotation of " << file << " is not what the file says now; copy the lines again";
      ++quotations;
    }
  }
  EXPECT_GE(quotations, 4);
}

TEST(Docs, LinkToFilesThatExist) {
  const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  for (const fs::path& page : pages()) {
    const std::string text = without_code(read(page));
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it)
      EXPECT_TRUE(fs::exists(page.parent_path() / (*it)[1].str())) << page << " links to " << (*it)[1];
  }
}

}  // namespace
