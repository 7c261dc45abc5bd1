#include "gan/run/stats.h"

#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <limits>

#include "tests/data/run_test_util.h"

namespace ganymede::run {
namespace {

StatsLine line(std::int64_t iteration, double seconds = 0) {
  return {iteration,
          0.1 * static_cast<double>(iteration),
          {{"D/adv", 1.0 / static_cast<double>(iteration + 3)}},
          {{"seconds", seconds}}};
}

}  // namespace

TEST(Stats, WritesTheDocumentedLine) {
  EXPECT_EQ(to_json({500,
                     1.25,
                     {{"D/adv", 0.1}, {"G/adv", 1e-9}, {"odd \"name\"", -2}},
                     {{"seconds", 3.5}, {"rate", 512}}}),
            R"({"iteration":500,"epoch":1.25,"D/adv":0.1,"G/adv":1e-09,"odd \"name\"":-2,)"
            R"("time":{"seconds":3.5,"rate":512}})");
  EXPECT_EQ(to_json({1, 0, {}, {}}), R"({"iteration":1,"epoch":0,"time":{}})");
}

TEST(Stats, NumbersReadBackToTheSameBits) {
  TemporaryFolder folder;
  const double inf = std::numeric_limits<double>::infinity();
  const Values values = {{"a", 0.1 + 0.2}, {"b", std::numeric_limits<double>::denorm_min()},
                         {"c", -0.0},      {"d", std::numeric_limits<double>::max()},
                         {"e", inf},       {"f", -inf},
                         {"g", 1.f / 3}};
  {
    StatsLog log(folder / "stats.jsonl", 0);
    log.append({7, 1.0 / 3, values, {{"seconds", 1e300}}});
    log.append({8, 1, {{"nan", std::nan("")}}, {}});
  }
  const std::vector<StatsLine> read = read_stats(folder / "stats.jsonl");
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].iteration, 7);
  EXPECT_EQ(read[0].epoch, 1.0 / 3);
  ASSERT_EQ(read[0].values.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(read[0].values[i].first, values[i].first);
    EXPECT_EQ(read[0].values[i].second, values[i].second);
    EXPECT_EQ(std::signbit(read[0].values[i].second), std::signbit(values[i].second));
  }
  EXPECT_EQ(*find(read[0].time, "seconds"), 1e300);
  EXPECT_EQ(find(read[0].time, "rate"), nullptr);
  EXPECT_TRUE(std::isnan(*find(read[1].values, "nan")));
}

TEST(Stats, ResumeEqualsNeverStoppedButForTime) {
  TemporaryFolder folder;
  const auto without_time = [](const std::string& text) {
    std::string all;
    std::istringstream lines(text);
    for (std::string each; std::getline(lines, each);) all += each.substr(0, each.find(",\"time\":")) + "\n";
    return all;
  };
  {
    StatsLog log(folder / "whole", 0);
    for (int i = 10; i <= 60; i += 10) log.append(line(i, 1));
  }
  {
    StatsLog log(folder / "killed", 0);
    for (int i = 10; i <= 50; i += 10) log.append(line(i, 2));
  }
  put(folder / "killed", get(folder / "killed") + R"({"iteration":60,"epo)");
  {
    StatsLog log(folder / "killed", 30);
    for (int i = 40; i <= 60; i += 10) log.append(line(i, 3));
  }
  EXPECT_NE(get(folder / "killed"), get(folder / "whole"));
  EXPECT_EQ(without_time(get(folder / "killed")), without_time(get(folder / "whole")));
}

TEST(Stats, AWholeLastLineWithoutItsNewlineCounts) {
  TemporaryFolder folder;
  put(folder / "stats.jsonl", to_json(line(10)) + "\n" + to_json(line(20)));
  EXPECT_EQ(read_stats(folder / "stats.jsonl").size(), 2u);
  { StatsLog log(folder / "stats.jsonl", 20); }
  EXPECT_EQ(get(folder / "stats.jsonl"), to_json(line(10)) + "\n" + to_json(line(20)) + "\n");
}

TEST(Stats, ATornLastLineIsLeftOutWhereverItIsTorn) {
  TemporaryFolder folder;
  const std::string last = to_json(line(20));
  for (std::size_t size = 1; size < last.size(); ++size) {
    put(folder / "stats.jsonl", to_json(line(10)) + "\n" + last.substr(0, size));
    ASSERT_EQ(read_stats(folder / "stats.jsonl").size(), 1u) << size;
  }
}

TEST(Stats, DamageNamesFileAndLine) {
  TemporaryFolder folder;
  const std::string good = to_json(line(10)) + "\n";
  const std::string path = (folder / "stats.jsonl").string();
  for (const auto& [bad, why] : std::vector<std::pair<std::string, std::string>>{
           {"{\"iteration\":", "not a JSON object"},
           {"[1,2]", "not a JSON object"},
           {"", "not a JSON object"},
           {"{\"epoch\":1}", "\"iteration\""},
           {"{\"iteration\":1.5}", "\"iteration\""},
           {"{\"iteration\":1,\"D/adv\":\"x\"}", "\"D/adv\" is \"x\""},
           {"{\"iteration\":1,\"time\":2}", "\"time\" is 2"}}) {
    put(path, good + bad + "\n" + good);
    expect_mentions(error_of([&] { read_stats(path); }), {path + ":2: ", why});
    expect_mentions(error_of([&] { StatsLog log(path, 5); }), {path + ":2: ", why});
    EXPECT_EQ(get(path), good + bad + "\n" + good);
  }
  expect_mentions(error_of([&] { read_stats(folder / "missing"); }), {"missing", "No such file"});
}

TEST(Stats, AFullDiskLeavesWholeLines) {
  expect_mentions(error_of([] {
                    StatsLog log("/dev/full", 0);
                    log.append(line(1));
                  }),
                  {"/dev/full", "No space left on device"});
  TemporaryFolder folder;
  StatsLog log(folder / "stats.jsonl", 0);
  log.append(line(1));
  const std::string before = get(folder / "stats.jsonl");
  rlimit old_limit;
  getrlimit(RLIMIT_FSIZE, &old_limit);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = old_limit;
  small.rlim_cur = before.size() + 5;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string text = error_of([&] { log.append(line(2)); });
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  expect_mentions(text, {"stats.jsonl", "File too large"});
  EXPECT_EQ(get(folder / "stats.jsonl"), before);
}

}  // namespace ganymede::run
