// The list of models, and those that programs add to it.
#include "gan/models.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "tests/support/places.h"

namespace ganymede {
namespace {

Model own(const std::string& id) { return {.id = id, .paper = "", .year = 2026, .arxiv = "", .summary = "", .needs = {"image"}, .recipe = dcgan, .size = 32, .batch = 4, .steps = 1}; }

TEST(Models, IdsAreWordsAndDiffer) {
  std::set<std::string> ids;
  for (const Model& m : models()) {
    EXPECT_TRUE(ids.insert(m.id).second) << m.id;
    EXPECT_EQ(m.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string::npos) << m.id;
  }
}

std::string page(const std::string& name) {
  std::ifstream in(test::source_dir() + "/" + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Models, HaveAPageEach) {
  const std::string index = page("docs/models/README.md");
  std::string before;
  for (const Model& m : models()) {
    if (m.id.starts_with("own")) continue;
    const std::string text = page("docs/models/" + m.id + ".md"), year = std::to_string(m.year), where = m.arxiv.empty() ? m.doi : m.arxiv, link = m.arxiv.empty() ? "(https://doi.org/" + m.doi + ")" : "(https://arxiv.org/abs/" + m.arxiv + ")";
    const std::string size = m.size ? std::to_string(m.size) + " px" : "in its size";
    for (const std::string& said : {"# `" + m.id + "`", "*" + m.paper + "*, " + year + ", [" + m.published() + "]" + link + ": " + m.summary + ".",
                                    "`ganymede train " + m.id + "` alone trains on `" + m.data + "`, " + size + ", " + std::to_string(m.steps) + " batches of " + std::to_string(m.batch) + ".",
                                    std::string("\n|---|---|---|---|---|---|\n| ")})
      EXPECT_NE(text.find(said), std::string::npos) << m.id << ": docs/models/" << m.id << ".md does not say: " << said;
    const std::string row = "| [" + m.id + "](" + m.id + ".md) | " + m.summary + " | [" + where + "]" + link + " | " + year + " |";
    const size_t at = index.find(row);
    ASSERT_NE(at, std::string::npos) << "docs/models/README.md has no row: " << row;
    // The first of a kind names it, the others have an empty cell.
    const std::string cell = index.substr(index.rfind('\n', at) + 1, at - index.rfind('\n', at) - 1);
    EXPECT_EQ(cell, m.from == before ? "|  " : "| " + m.from + " ") << m.id;
    before = m.from;
  }
}

TEST(Models, StandInTheReadme) {
  const std::string readme = page("README.md");
  const std::string table = readme.substr(readme.find("| from | models |"), readme.find("[docs/models]") - readme.find("| from | models |"));
  size_t listed = 0;
  for (size_t i = table.find('`'); i != table.npos; i = table.find('`', i + 1)) ++listed;
  std::set<std::string> ids;
  for (const Model& m : models())
    if (!m.id.starts_with("own")) ids.insert(m.id);
  for (const std::string& id : ids) EXPECT_NE(table.find("`" + id + "`"), std::string::npos) << id;
  EXPECT_EQ(listed, 2 * ids.size());
  for (const Model& m : models()) {   // in the row of its kind
    if (m.id.starts_with("own")) continue;
    const size_t at = table.find("`" + m.id + "`"), row = table.rfind("\n", at);
    EXPECT_EQ(table.substr(row + 1, m.from.size() + 6), "  | " + m.from + " |") << m.id;
  }
}

TEST(Models, AProgramAddsItsOwn) {
  const Model& first = models().front();
  add_model(own("own-2"));
  EXPECT_EQ(find_model("own-2").recipe, &dcgan);
  EXPECT_EQ(models().back().id, "own-2");
  EXPECT_EQ(&models().front(), &first);   // what others hold of the list stays
  const auto refused = [](const Model& m) {
    const size_t before = models().size();
    std::string what;
    try {
      add_model(m);
    } catch (const UsageError& wrong) {
      what = wrong.what();
    }
    EXPECT_EQ(models().size(), before);
    return what;
  };
  EXPECT_NE(refused(own("dcgan")).find("there is a model dcgan already"), std::string::npos);
  EXPECT_NE(refused(own("own-2")).find("there is a model own-2 already"), std::string::npos);
  EXPECT_NE(refused(own("My GAN")).find("My GAN: it must be of small letters"), std::string::npos);
  EXPECT_NE(refused(own("")).find("small letters"), std::string::npos);
}

}  // namespace
}  // namespace ganymede
