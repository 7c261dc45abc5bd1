#include "gan/run/stats.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "engine/atomic_file.h"
#include "engine/check.h"
#include "engine/posix.h"
#include "gan/run/json.h"

namespace ganymede::run {
namespace fs = std::filesystem;
namespace {

std::string number(double value) {
  if (std::isnan(value)) return "\"nan\"";
  if (std::isinf(value)) return value > 0 ? "\"inf\"" : "\"-inf\"";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0";  // "-0" would read back as the integer 0
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

std::string fields(const Values& values) {
  std::string text;
  for (const auto& [name, value] : values) {
    if (!text.empty()) text += ',';
    text += Json(name).dump() + ':' + number(value);
  }
  return text;
}

double to_number(const std::string& name, const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (value == "inf") return std::numeric_limits<double>::infinity();
  if (value == "-inf") return -std::numeric_limits<double>::infinity();
  throw Error("\"" + name + "\" is " + value.dump() + ", not a number");
}

StatsLine parse_line(std::string_view text) {
  const Json json = parse_json(text);
  if (!json.is_object()) throw Error("not a JSON object");
  if (!json.contains("iteration") || !json["iteration"].is_number_integer())
    throw Error("no whole \"iteration\"");
  StatsLine line;
  for (const auto& [name, value] : json.items()) {
    if (name == "iteration") {
      line.iteration = value.get<std::int64_t>();
    } else if (name == "epoch") {
      line.epoch = to_number(name, value);
    } else if (name == "time") {
      if (!value.is_object()) throw Error("\"time\" is " + value.dump() + ", not an object");
      for (const auto& [key, seconds] : value.items()) line.time.emplace_back(key, to_number(key, seconds));
    } else {
      line.values.emplace_back(name, to_number(name, value));
    }
  }
  return line;
}

// Calls visit(line, its text). A last line without its newline is visited if it is whole and passed over if
// torn.
template <class Visit>
void visit_lines(const fs::path& path, std::string_view text, Visit visit) {
  for (std::int64_t row = 1; !text.empty(); ++row) {
    const std::size_t end = text.find('\n');
    const bool last_unended = end == std::string_view::npos;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(last_unended ? text.size() : end + 1);
    std::optional<StatsLine> parsed;
    try {
      parsed = parse_line(line);
    } catch (const Error& error) {
      if (last_unended) return;
      throw Error(path.string() + ":" + std::to_string(row) + ": damaged line: " + error.what());
    }
    visit(std::move(*parsed), line);
  }
}

void cut_back(const fs::path& path, std::int64_t iteration) {
  if (!fs::is_regular_file(path)) return;  // not there yet, or a device without an end
  const std::string text = read_file(path);
  std::string kept;
  visit_lines(path, text, [&](const StatsLine& parsed, std::string_view line) {
    if (parsed.iteration <= iteration) kept.append(line).append("\n");
  });
  if (kept != text) write_atomically(path, kept);
}

}  // namespace

std::string to_json(const StatsLine& line) {
  std::string text = "{\"iteration\":" + std::to_string(line.iteration) + ",\"epoch\":" + number(line.epoch);
  if (!line.values.empty()) text += ',' + fields(line.values);
  return text + ",\"time\":{" + fields(line.time) + "}}";
}

StatsLog::StatsLog(fs::path path, std::int64_t iteration) : path_(std::move(path)) {
  cut_back(path_, iteration);
  file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) fail_with_errno(path_, "cannot write");
  size_ = lseek(file_, 0, SEEK_END);
}

StatsLog::~StatsLog() {
  if (file_ >= 0) close(file_);
}

void StatsLog::append(const StatsLine& line) {
  const std::string text = to_json(line) + '\n';
  if (!write_all(file_, text)) {
    const int error = errno;
    // A failed cut leaves a torn last line, which every reader passes over.
    [[maybe_unused]] const int cut = ftruncate(file_, size_);
    fail_with(path_, "cannot write", error);
  }
  size_ += static_cast<std::int64_t>(text.size());
}

void StatsLog::sync() {
  if (fsync(file_) != 0) fail_with_errno(path_, "cannot flush to the disk");
}

std::vector<StatsLine> read_stats(const fs::path& path) {
  return parse_stats(path, read_file(path));
}

std::vector<StatsLine> parse_stats(const fs::path& path, std::string_view text) {
  std::vector<StatsLine> lines;
  visit_lines(path, text, [&](StatsLine&& line, std::string_view) { lines.push_back(std::move(line)); });
  return lines;
}

const double* find(const Values& values, std::string_view name) {
  for (const auto& [key, value] : values)
    if (key == name) return &value;
  return nullptr;
}

}  // namespace ganymede::run
