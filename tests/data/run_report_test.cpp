#include "gan/run/report.h"

#include <vector>

#include "gan/data/grid.h"
#include "gan/data/png.h"
#include "gan/run/html.h"
#include "gan/run/run_folder.h"
#include "gan/run/stats.h"
#include "tests/data/run_test_util.h"

namespace ganymede::run {
namespace fs = std::filesystem;
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++found;
  return found;
}

// Elements that are opened and not closed, or closed in the wrong order; "" for a sound page.
std::string unbalanced(const std::string& html) {
  std::vector<std::string> open;
  for (std::size_t at = 0; (at = html.find('<', at)) != html.npos; ++at) {
    if (html[at + 1] == '!') continue;
    const std::size_t end = html.find('>', at);
    const bool closes = html[at + 1] == '/', empty = html[end - 1] == '/';
    const std::size_t start = at + (closes ? 2 : 1);
    const std::string name = html.substr(start, html.find_first_of(" >/", start) - start);
    if (name == "meta" || name == "img" || name == "input" || empty) continue;
    if (!closes) {
      open.push_back(name);
    } else {
      if (open.empty() || open.back() != name) return "</" + name + ">";
      open.pop_back();
    }
    at = end;
    if (!closes && (name == "script" || name == "style")) at = html.find("</" + name, end) - 1;
  }
  return open.empty() ? "" : "<" + open.back() + ">";
}

void put_sheet(const fs::path& path, int seed) {
  std::vector<data::Picture> pictures;
  for (int i = 0; i < 16; ++i) {
    data::Picture picture(8, 8, 1);
    for (std::size_t j = 0; j < picture.pixels.size(); ++j)
      picture.pixels[j] =
          static_cast<std::uint8_t>((seed + 37 * i + 101 * static_cast<int>(j) * (i + 3)) % 250);
    pictures.push_back(picture);
  }
  data::write_png(path.string(), data::grid(pictures));
}

Json run_of(const std::string& model) { return {{"model", model}, {"data", "shapes"}, {"steps", 400}}; }

void put_stats(const RunFolder& run, int last) {
  StatsLog log(run.stats(), 0);
  for (int i = 10; i <= last; i += 10)
    log.append({i,
                0.01 * i,
                {{"D/adv", 1.2}, {"G/adv", 0.9 + 0.001 * (i % 70)}, {"D/real", 0.7}, {"D/fake", 0.3}},
                {{"seconds", 0.5 * i}, {"rate", 128}}});
}

}  // namespace

TEST(Html, EscapesMarkupAndBrokenText) {
  EXPECT_EQ(escape_html("<a href=\"x\" id='y'>&amp;"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;");
  EXPECT_EQ(escape_html("Größe 漢 🙂"), "Größe 漢 🙂");
  EXPECT_EQ(escape_html("a\xff<\xc3"), "a\uFFFD&lt;\uFFFD");
  EXPECT_EQ(escape_html("\xe6<b>"), "\uFFFD&lt;b&gt;");
}

TEST(Html, Base64OfTheStandard) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfd", "//79"}};
  for (const auto& [bytes, text] : cases) EXPECT_EQ(base64(bytes), text);  // RFC 4648, section 10
}

TEST(Report, IsOneSoundPageWithoutTheNetwork) {
  TemporaryFolder folder;
  const RunFolder run = RunFolder::create(folder / "run", run_of("dcgan"));
  put_stats(run, 400);
  put_sheet(run.reals(), 5);
  for (int i = 100; i <= 400; i += 100) put_sheet(run.sample(i), i);
  EXPECT_EQ(write_report(folder / "run"), run.report());
  const std::string html = get(run.report());
  EXPECT_EQ(unbalanced(html), "");
  expect_mentions(html, {"<h1>dcgan</h1>", "What this run says", "The players are in balance",
                         "The samples are varied", "real pictures", "iteration 400", "Losses", "answers",
                         "Speed", "prefers-color-scheme:dark", "<b>3:20 min</b>"});
  EXPECT_EQ(count(html, "class=\"chart"), 4u);  // the list of charts, losses, answers, speed
  EXPECT_EQ(count(html, "<img "), 6u);
  EXPECT_EQ(count(html, "<img "), count(html, "src=\"data:image/png;base64,iVBOR"));
  for (const std::string outside :
       {"http:", "https:", "//cdn", "@import", "url(", "<link", "src=\"/", "nan", "inf\""})
    EXPECT_EQ(html.find(outside), html.npos) << outside;
}

TEST(Report, NothingFromTheRunBecomesMarkup) {
  TemporaryFolder folder;
  Json run = run_of("<script>alert(1)</script>");
  run["paper"] = "</title><b>";
  run["data"] = "folder:/a\" onload=\"x\"";
  run["settings"]["</td><img src=x>"] = "</table><img src=y>";
  const RunFolder made = RunFolder::create(folder / "<i>run", run);
  StatsLog log(made.stats(), 0);
  for (int i = 1; i < 20; ++i) log.append({i, 1, {{"D/</script><img src=z>", i}}, {}});
  write_report(made.path());
  const std::string html = get(made.report());
  EXPECT_EQ(unbalanced(html), "");
  for (const std::string evil : {"<script>alert", "<img src", "</title><b>", "onload=\"", "<i>run"})
    EXPECT_EQ(html.find(evil), html.npos) << evil;
}

TEST(Report, SaysHowManyProcessesTrained) {
  TemporaryFolder folder;
  Json several = run_of("gan");
  several["device"] = "cpu", several["threads"] = 1;
  const RunFolder alone = RunFolder::create(folder / "alone", several);
  several["processes"] = 4;
  const RunFolder together = RunFolder::create(folder / "together", several);
  write_report(alone.path()), write_report(together.path());
  expect_mentions(get(together.report()), {"1 thread in each of 4 processes"});
  EXPECT_EQ(get(alone.report()).find(" in each of "), std::string::npos);
}

TEST(Report, OfARunThatHasHardlyBegun) {
  TemporaryFolder folder;
  const RunFolder run = RunFolder::create(folder / "run", run_of("gan"));
  write_report(run.path());
  const std::string empty = get(run.report());
  EXPECT_EQ(unbalanced(empty), "");
  expect_mentions(empty, {"Too early to judge", "Settings"});
  for (const std::string absent : {"<h2>Curves", "<h2>Samples"}) EXPECT_EQ(empty.find(absent), empty.npos);

  put_stats(run, 10);
  put_sheet(run.sample(10), 1);
  write_report(run.path());
  EXPECT_EQ(unbalanced(get(run.report())), "");
  expect_mentions(get(run.report()), {"Too early to judge", "<h2>Curves", "<h2>Samples"});
}

TEST(Report, NamesADamagedPictureAndDamagedStats) {
  TemporaryFolder folder;
  const RunFolder run = RunFolder::create(folder / "run", run_of("gan"));
  put_sheet(run.sample(10), 1);
  put(run.sample(10), get(run.sample(10)).substr(0, 60));
  write_report(run.path());
  expect_mentions(get(run.report()), {"Damaged files", escape_html(run.sample(10).string())});
  const std::string before = get(run.report());
  put(run.stats(), "{\"iteration\":1}\nrubbish\n{\"iteration\":2}\n");
  expect_mentions(error_of([&] { write_report(run.path()); }), {"stats.jsonl:2"});
  EXPECT_EQ(get(run.report()), before);
  expect_mentions(error_of([&] { write_report(folder / "missing"); }), {"missing: no such run"});
}

TEST(Report, ShowsThirtyTwoSheetsAtMostFirstAndLastAmongThem) {
  TemporaryFolder folder;
  const RunFolder run = RunFolder::create(folder / "run", run_of("gan"));
  put_sheet(run.sample(1), 1);
  for (int i = 2; i <= 100; ++i) fs::copy(run.sample(1), run.sample(i));
  write_report(run.path());
  const std::string html = get(run.report());
  EXPECT_EQ(count(html, "data-iteration="), 32u);
  expect_mentions(html, {"data-iteration=\"1\"", "data-iteration=\"100\"", "32 of 100"});
}

}  // namespace ganymede::run
