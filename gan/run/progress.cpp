#include "gan/run/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "engine/posix.h"
#include "gan/run/format.h"

namespace ganymede::run {
namespace {

constexpr double kSecondsBetweenDraws = 0.1;
constexpr double kSecondsBetweenMarks = 0.5;
constexpr std::size_t kMarks = 40;  // rate over the last 20 seconds, or 40 iterations if they are slow
constexpr int kNarrowestBar = 8, kWidestBar = 30;

bool is_rewritable(int file) {
  const char* term = std::getenv("TERM");
  return isatty(file) && term != nullptr && std::string_view(term) != "dumb";
}

// The first of these that is set decides, as in setlocale.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale = value;
    return locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
  }
  return false;
}

int width_of(int file) {
  winsize size{};
  return ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string repeat(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

}  // namespace

double Progress::steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Progress::Progress(int file, std::int64_t start, std::int64_t total, std::int64_t batch, Clock clock)
    : file_(file),
      iteration_(start),
      total_(total),
      batch_(batch),
      clock_(std::move(clock)),
      terminal_(is_rewritable(file)),
      utf8_(locale_is_utf8()),
      last_draw_(clock_()) {
  std::signal(SIGPIPE, SIG_IGN);
  recent_.emplace_back(last_draw_, start);
}

Progress::~Progress() { finish(); }

void Progress::step(std::int64_t iteration) {
  const double now = clock_();
  iteration_ = iteration;
  // The newest mark moves along until it is far enough from the one before it.
  if (recent_.size() > 1 && recent_.back().first - recent_[recent_.size() - 2].first < kSecondsBetweenMarks)
    recent_.back() = {now, iteration};
  else
    recent_.emplace_back(now, iteration);
  if (recent_.size() > kMarks) recent_.pop_front();
  if (terminal_ && now - last_draw_ >= kSecondsBetweenDraws) {
    last_draw_ = now;
    draw();
  }
}

void Progress::log(const StatsLine& line) {
  losses_ = line.values;
  if (terminal_) return draw();
  std::string text = "iteration " + std::to_string(line.iteration) + "/" + std::to_string(total_) +
                     (stage_.empty() ? "" : "  " + stage_) + "  epoch " + short_number(line.epoch) + "  " + rate_text() + "  " +
                     duration(seconds_left()) + " left";
  for (const auto& [name, value] : losses_) text += "  " + name + " " + short_number(value);
  write(text + "\n");
}

void Progress::note(const std::string& text) {
  write((drawn_ ? "\r\x1b[K" : "") + text + "\n");
  if (drawn_) draw();
}

void Progress::finish() {
  if (!drawn_) return;
  draw();
  write("\n");
  drawn_ = false;
}

double Progress::rate() const {
  const double seconds = recent_.back().first - recent_.front().first;
  return seconds > 0
             ? static_cast<double>((recent_.back().second - recent_.front().second) * batch_) / seconds
             : 0;
}

double Progress::seconds_left() const {
  const auto cost = [&](std::int64_t n) { return cost_ ? cost_(n) : static_cast<double>(n); };
  if (iteration_ >= total_) return 0;
  const double seconds = recent_.back().first - recent_.front().first, done = cost(recent_.back().second) - cost(recent_.front().second);
  return seconds > 0 && done > 0 ? (cost(total_) - cost(iteration_)) * seconds / done : -1;
}

std::string Progress::rate_text() const { return short_number(rate()) + " img/s"; }

std::string Progress::line_of_width(int width) const {
  const double done =
      total_ > 0 ? std::clamp(static_cast<double>(iteration_) / static_cast<double>(total_), 0., 1.) : 1;
  const std::string count = std::to_string(iteration_) + "/" + std::to_string(total_);
  std::vector<std::string> parts = {std::to_string(static_cast<int>(done * 100)) + "%",
                                    duration(seconds_left()) + " left", rate_text()};
  if (!stage_.empty()) parts.insert(parts.begin() + 1, stage_);
  for (const auto& [name, value] : losses_) parts.push_back(name + " " + short_number(value));

  int room = width - static_cast<int>(count.size()) - kNarrowestBar - 2;
  std::string tail;
  for (const std::string& part : parts) {
    room -= static_cast<int>(part.size()) + 2;
    if (room < 0) break;
    tail += "  " + part;
  }
  room = width - static_cast<int>(count.size() + tail.size()) - 2;
  if (room < kNarrowestBar) return count.substr(0, static_cast<std::size_t>(std::max(width, 0)));
  const int bar = std::min(room, kWidestBar), filled = static_cast<int>(done * bar);
  return count + "  " + repeat(utf8_ ? "━" : "=", filled) + repeat(utf8_ ? "┄" : "-", bar - filled) + tail;
}

void Progress::draw() {
  // The last column stays free: some terminals wrap as soon as it is filled.
  write("\r" + line_of_width(width_of(file_) - 1) + "\x1b[K");
  drawn_ = true;
}

void Progress::write(const std::string& text) {
  if (!silent_ && !write_all(file_, text)) silent_ = true;
}

}  // namespace ganymede::run
