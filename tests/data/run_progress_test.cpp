#include "gan/run/progress.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <vector>

#include "gan/run/format.h"
#include "tests/data/run_test_util.h"

namespace ganymede::run {
namespace {

// A terminal of `width` columns; what is written to it can be read back.
class Terminal {
 public:
  explicit Terminal(unsigned short width) : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    grantpt(master_);
    unlockpt(master_);
    slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
    const winsize size{24, width, 0, 0};
    ioctl(slave_, TIOCSWINSZ, &size);
  }
  ~Terminal() {
    close(master_);
    close(slave_);
  }
  int file() const { return slave_; }

  std::string text() {
    fcntl(master_, F_SETFL, O_NONBLOCK);
    std::string all;
    char buffer[4096];
    for (ssize_t size; (size = read(master_, buffer, sizeof buffer)) > 0;) all.append(buffer, size);
    return all;
  }

  // What is on the line now: after the last carriage return, without the erase sequence.
  static std::string last_line(std::string text) {
    text = text.substr(text.rfind('\r') + 1);
    return text.substr(0, text.find("\x1b[K"));
  }

 private:
  int master_, slave_ = -1;
};

class ProgressOnTerminal : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C", 1);
  }
  double now = 100;
  Progress::Clock clock = [this] { return now; };
};

const StatsLine kLine = {200, 1.5, {{"D/adv", 0.6931}, {"G/adv", 12.345}}, {}};

TEST(Format, Numbers) {
  const std::vector<std::pair<double, std::string>> cases = {
      {0, "0"},         {0.6931, "0.693"},  {-0.05, "-0.0500"}, {0.00123, "0.00123"},
      {12.345, "12.3"}, {450.4, "450"},     {45000, "45000"},   {1.2e-5, "1.2e-05"},
      {3e9, "3.0e+09"}, {0.0 / 0.0, "nan"}, {-1 / 0.0, "-inf"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(short_number(value), value != value ? "nan" : text);
}

TEST(Format, Durations) {
  EXPECT_EQ(duration(0), "0 s");
  EXPECT_EQ(duration(59.6), "1:00 min");
  EXPECT_EQ(duration(205), "3:25 min");
  EXPECT_EQ(duration(3725), "1:02 h");
  EXPECT_EQ(duration(2 * 86400 + 3 * 3600), "2 d 3 h");
  EXPECT_EQ(duration(-1), "?");
  EXPECT_EQ(duration(1 / 0.0), "?");
}

TEST_F(ProgressOnTerminal, ShowsCountBarRateTimeAndLosses) {
  Terminal terminal(100);
  Progress progress(terminal.file(), 0, 400, 64, clock);
  now += 10;
  progress.step(200);
  progress.log(kLine);
  EXPECT_EQ(Terminal::last_line(terminal.text()),
            "200/400  ===============---------------  50%  10 s left  1280 img/s  D/adv 0.693  G/adv 12.3");
  EXPECT_DOUBLE_EQ(progress.rate(), 1280);
}

TEST_F(ProgressOnTerminal, NeverWiderThanTheTerminal) {
  for (unsigned short width = 1; width <= 120; ++width) {
    Terminal terminal(width);
    Progress progress(terminal.file(), 0, 400, 64, clock);
    now += 10;
    progress.step(200);
    progress.log(kLine);
    const std::string line = Terminal::last_line(terminal.text());
    EXPECT_LT(line.size(), width) << line;
    EXPECT_EQ(line.substr(0, 7), std::string("200/400").substr(0, width - 1u));
  }
}

TEST_F(ProgressOnTerminal, RedrawsTenTimesASecondAtMost) {
  Terminal terminal(80);
  Progress progress(terminal.file(), 0, 100000, 1, clock);
  for (int i = 1; i <= 2000; ++i) {
    now += 0.001;
    progress.step(i);
  }
  const std::string text = terminal.text();
  const auto draws = std::count(text.begin(), text.end(), '\r');
  EXPECT_GE(draws, 18);
  EXPECT_LE(draws, 20);
}

TEST(Progress, RateFollowsTheLastTwentySeconds) {
  const int file = open("/dev/null", O_WRONLY);
  double now = 0;
  Progress progress(file, 1000, 100000, 2, [&] { return now; });
  EXPECT_EQ(progress.rate(), 0);
  std::int64_t iteration = 1000;
  for (int i = 0; i < 1000; ++i) now += 0.1, progress.step(++iteration);
  EXPECT_NEAR(progress.rate(), 20, 0.01);
  for (int i = 0; i < 300; ++i) now += 0.1, progress.step(iteration += 3);
  EXPECT_NEAR(progress.rate(), 60, 0.01);
  close(file);
}

TEST_F(ProgressOnTerminal, NotesStayAndTheLineIsEnded) {
  Terminal terminal(60);
  {
    Progress progress(terminal.file(), 0, 10, 1, clock);
    now += 1;
    progress.step(5);
    progress.note("saved 000005");
  }
  const std::string text = terminal.text();
  expect_mentions(text, {"\r\x1b[Ksaved 000005\r\n\r5/10"});
  EXPECT_EQ(text.substr(text.size() - 2), "\r\n");
  EXPECT_EQ(text.find("nan"), text.npos);
}

TEST(Progress, PlainLinesElsewhere) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  double now = 0;
  {
    Progress progress(ends[1], 0, 400, 64, [&] { return now; });
    for (int i = 1; i <= 200; ++i) now += 0.05, progress.step(i);
    progress.log(kLine);
    progress.note("saved");
  }
  close(ends[1]);
  char buffer[1000];
  const ssize_t size = read(ends[0], buffer, sizeof buffer);
  close(ends[0]);
  EXPECT_EQ(std::string(buffer, size),
            "iteration 200/400  epoch 1.50  1280 img/s  10 s left  D/adv 0.693  G/adv 12.3\nsaved\n");
}

TEST(Progress, ABrokenPipeMakesItSilent) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  {
    Progress progress(ends[1], 0, 400, 64);
    for (int i = 0; i < 3; ++i) progress.log(kLine);
    close(ends[1]);
    // Silent for good: a new file that gets the same number must not be written to.
    TemporaryFolder folder;
    const int file = open((folder / "a").c_str(), O_WRONLY | O_CREAT, 0600);
    ASSERT_EQ(file, ends[0]);
    ASSERT_EQ(dup2(file, ends[1]), ends[1]);
    progress.log(kLine);
    EXPECT_EQ(get(folder / "a"), "");
    close(file);
    close(ends[1]);
  }
  std::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace ganymede::run
