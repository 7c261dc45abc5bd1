// The documents say what the sources say: quotations equal their files, links lead to files, planted faults fit the kernels.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
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

// The anchors of a page's headings, as GitHub makes them: small letters, digits and dashes, a dash for each space.
std::set<std::string> anchors(const fs::path& page) {
  std::set<std::string> out;
  std::istringstream lines(without_code(read(page)));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#")) continue;
    std::string anchor = "#";
    for (const char c : line.substr(line.find(' ') + 1))
      if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') anchor += char(std::tolower(c));
      else if (c == ' ') anchor += '-';
    out.insert(anchor);
  }
  return out;
}

TEST(Docs, LinkToFilesThatExist) {
  const std::regex link(R"(\]\(([^)#:]*)(#[^)]*)?\))");
  for (const fs::path& page : pages()) {
    const std::string text = without_code(read(page));
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it) {
      const fs::path target = (*it)[1].length() ? page.parent_path() / (*it)[1].str() : page;
      EXPECT_TRUE(fs::exists(target)) << page << " links to " << (*it)[1];
      if ((*it)[2].matched && target.extension() == ".md") EXPECT_TRUE(anchors(target).count((*it)[2])) << page << " links to " << (*it)[0] << ": there is no such heading";
    }
  }
}

// The table of contents leads to every page of docs and docs/results.
TEST(Docs, AllStandInTheTableOfContents) {
  const std::string contents = read(kRoot / "docs/README.md");
  for (const char* folder : {"", "results/"})
    for (const auto& entry : fs::directory_iterator(kRoot / "docs" / folder)) {
      const std::string name = folder + entry.path().filename().string();
      if (entry.path().extension() == ".md" && name != "README.md") EXPECT_NE(contents.find("](" + name + ")"), std::string::npos) << "docs/README.md does not name " << name;
    }
}

// Words with single spaces between.
std::string words(const std::string& text) {
  std::istringstream in(text);
  std::string word, out;
  while (in >> word) out += (out.empty() ? "" : " ") + word;
  return out;
}

// scripts/planted_faults.py puts each fault in the place of a text that stands in its file once; the page has a row for each, and no others.
TEST(Docs, PlantedFaultsFitTheirKernels) {
  std::set<std::string> rows, faults;
  std::istringstream page(read(kRoot / "docs/planted_faults.md"));
  for (std::string line; std::getline(page, line);)
    if (line.rfind("| ", 0) == 0 && line.rfind("| kernel |", 0) != 0) rows.insert(line.substr(0, line.rfind(" | ")));
  for (const auto& fault : nlohmann::json::parse(read(kRoot / "tests/kernels/faults/planted.json"))) {
    const std::string file = fault.at("file"), place = words(fault.at("find")), name = "| " + fault.at("kernel").get<std::string>() + " | " + file + " | " + fault.at("fault").get<std::string>();
    const std::string source = words(read(kRoot / file));
    const size_t first = source.find(place);
    EXPECT_NE(first, std::string::npos) << name << ": its text is not there";
    if (first != std::string::npos) EXPECT_EQ(source.find(place, first + 1), std::string::npos) << name << ": its text stands there twice";
    EXPECT_TRUE(faults.insert(name).second) << name << " is planted twice";
  }
  for (const std::string& fault : faults) EXPECT_TRUE(rows.count(fault)) << fault << ": has no row; run scripts/planted_faults.py with --table";
  for (const std::string& row : rows) EXPECT_TRUE(faults.count(row)) << row << ": is not planted";
}

}  // namespace
