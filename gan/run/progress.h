#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "gan/run/stats.h"

namespace ganymede::run {

// Tells the user how training goes: on a terminal one line that is rewritten in place (bar, rate, time left,
// losses, as many as its width holds), elsewhere a plain line for each log step. When nobody reads any more
// (broken pipe) it falls silent; training goes on. It makes the process ignore SIGPIPE.
class Progress {
 public:
  using Clock = std::function<double()>;  // seconds

  // Iterations `start`..`total`, `batch` pictures each, told to the file descriptor `file`.
  Progress(int file, std::int64_t start, std::int64_t total, std::int64_t batch,
           Clock clock = steady_seconds);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `iteration` iterations are done. Cheap enough for every iteration: a terminal is redrawn ten times a
  // second.
  void step(std::int64_t iteration);

  // A log step, after step(): the losses from here on.
  void log(const StatsLine& line);

  // The part of the training that the next iterations belong to, shown beside their number.
  void stage(const std::string& name) { stage_ = name; }

  // What the first n iterations cost together, in any unit: for the time left where iterations differ.
  void costs(std::function<double(std::int64_t)> cost) { cost_ = std::move(cost); }

  // A message of its own line.
  void note(const std::string& text);

  // Ends the rewritten line; idempotent.
  void finish();

  // Pictures a second over about the last twenty seconds; 0 before the first iteration.
  double rate() const;

  static double steady_seconds();

 private:
  double seconds_left() const;
  std::string rate_text() const;
  std::string line_of_width(int width) const;
  void draw();
  void write(const std::string& text);

  int file_;
  std::int64_t iteration_, total_, batch_;
  Clock clock_;
  bool terminal_, utf8_;
  bool silent_ = false, drawn_ = false;
  double last_draw_;
  std::deque<std::pair<double, std::int64_t>> recent_;  // (seconds, iteration), at least half a second apart
  Values losses_;
  std::string stage_;
  std::function<double(std::int64_t)> cost_ = {};
};

}  // namespace ganymede::run
