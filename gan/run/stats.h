#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ganymede::run {

// Named numbers in the order in which they are to be shown: {"D/adv", 0.69}, {"grad_norm/D", 3.1}, ...
using Values = std::vector<std::pair<std::string, double>>;

// What a run says of itself at one log step.
struct StatsLine {
  std::int64_t iteration = 0;
  double epoch = 0;
  Values values;  // "UPDATE/TERM", "D/real", "D/fake", "grad_norm/NET", ...; not "iteration", "epoch" or
                  // "time"
  Values
      time;  // all that depends on the clock: "seconds" since the start, "rate" in pictures a second, ...
};

// The line of stats.jsonl, without the newline. Numbers are the shortest that read back to the same double;
// what JSON cannot say is written "nan", "inf", "-inf". Equal lines give equal bytes, and "time" comes last,
// so that two runs compare equal up to `,"time":`.
std::string to_json(const StatsLine& line);

// Appends to stats.jsonl, one system call a line, so a killed process leaves whole lines. Throws Error.
class StatsLog {
 public:
  // Opens, and if need be makes, the file. Lines beyond `iteration` and a torn last line are cut off first:
  // 0 for a new run, the checkpoint's iteration for a resumed one.
  StatsLog(std::filesystem::path path, std::int64_t iteration);
  ~StatsLog();
  StatsLog(const StatsLog&) = delete;
  StatsLog& operator=(const StatsLog&) = delete;

  // On failure the file is as before.
  void append(const StatsLine& line);

  // Flushes to the disk. To be called before a checkpoint is committed: a power cut must not take lines that
  // the resumed run will not write again.
  void sync();

 private:
  std::filesystem::path path_;
  int file_ = -1;
  std::int64_t size_ = 0;  // bytes
};

// All lines. A torn last line is left out; any other damage is an Error that names the file and the line.
std::vector<StatsLine> read_stats(const std::filesystem::path& path);

// The same for the bytes of such a file; `path` is for messages.
std::vector<StatsLine> parse_stats(const std::filesystem::path& path, std::string_view bytes);

// The value of `name`, or nullptr.
const double* find(const Values& values, std::string_view name);

}  // namespace ganymede::run
