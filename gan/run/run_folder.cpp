#include "gan/run/run_folder.h"

#include <algorithm>
#include <charconv>

#include "engine/atomic_file.h"
#include "engine/check.h"
#include "engine/posix.h"

namespace ganymede::run {
namespace fs = std::filesystem;
namespace {

// Bytes that are not UTF-8 (file names may hold any) become U+FFFD.
std::string to_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// As it will be read back, so that what is stored and what is asked for can be compared.
Json normalised(const Json& run) { return Json::parse(to_text(run)); }

Json read_run_json(const fs::path& path) { return parse_run(path, read_file(path)); }

bool is_there(const fs::path& path) {
  std::error_code error;
  const bool found = fs::exists(path, error);
  if (error) fail_with(path, "cannot look there", error.value());
  return found;
}

bool is_folder(const fs::path& path) { return is_there(path) && fs::is_directory(path); }

// A lock and temporary files are all that a run killed at its very start leaves.
bool holds_only_leftovers(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (!entry->path().filename().string().starts_with('.')) return false;
  if (error) fail_with(folder, "cannot list the folder", error.value());
  return true;
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail_with(folder, "cannot make the folder", error.value());
}

void check_same_settings(const fs::path& folder, const Json& stored, const Json& asked,
                         const std::vector<std::string>& may_differ) {
  if (stored["model"] != asked["model"])
    throw UsageError(folder.string() + ": holds a run of " + stored["model"].dump() + ", not of " +
                     asked["model"].dump() + "; choose another folder");
  const std::string difference = describe_difference(stored, asked, may_differ);
  if (!difference.empty())
    throw UsageError(folder.string() + ": cannot resume: " + difference +
                     "; give the run's own settings, or start a new folder");
}

std::string numbered(std::int64_t iteration, const char* extension) {
  const std::string digits = std::to_string(iteration);
  return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits + extension;
}

std::vector<Checkpoint> list(const fs::path& folder, const char* extension) {
  std::vector<Checkpoint> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::int64_t iteration = 0;
    const auto [after, failure] = std::from_chars(name.data(), name.data() + name.size(), iteration);
    if (failure == std::errc() && iteration >= 0 && name == numbered(iteration, extension))
      files.push_back({iteration, entry->path()});
  }
  if (error && error != std::errc::no_such_file_or_directory)
    fail_with(folder, "cannot list the folder", error.value());
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.iteration < b.iteration; });
  return files;
}

}  // namespace

void RunFolder::make_folders() const {
  make_folder(path_ / "samples");
  make_folder(path_ / "checkpoints");
  for (const fs::path& folder : {path_, path_ / "samples", path_ / "checkpoints"})
    remove_temporary_files(folder);
}

void RunFolder::check_free(const fs::path& folder) {
  if (!is_there(folder)) return;
  if (!is_folder(folder)) throw UsageError(folder.string() + ": not a folder; choose another for the run");
  // In this order: another trainer that is starting writes run.json before anything else.
  const bool unused = holds_only_leftovers(folder);
  if (is_there(folder / "run.json"))
    throw UsageError(folder.string() + ": holds a run of " +
                     read_run_json(folder / "run.json")["model"].dump() +
                     " already; continue it with --resume, or choose another folder");
  if (!unused) throw UsageError(folder.string() + ": not empty, and not a run; choose another folder");
}

RunFolder RunFolder::create(const fs::path& folder, const Json& run) {
  check_free(folder);
  make_folder(folder);
  FileLock lock(folder);
  check_free(folder);  // Another trainer may have been faster to the lock, and be gone by now.
  RunFolder made(folder, normalised(run), std::move(lock));
  write_atomically(made.run_json(), to_text(made.run_));
  made.make_folders();
  return made;
}

std::optional<RunFolder> RunFolder::find(const fs::path& folder) {
  if (!is_folder(folder))
    throw UsageError(folder.string() + ": no such run to resume; leave out --resume to start it");
  const bool unused = holds_only_leftovers(folder);  // before run.json is looked for, as in check_free
  if (is_there(folder / "run.json")) return open(folder);
  if (unused) return {};
  throw UsageError(folder.string() + ": not a run: there is no run.json in it");
}

RunFolder RunFolder::resume(const fs::path& folder, const Json& run,
                            const std::vector<std::string>& may_differ) {
  if (!find(folder)) return create(folder, run);
  const fs::path file = folder / "run.json";
  const Json asked = normalised(run);
  const auto check = [&] {
    if (!is_there(file)) throw UsageError(folder.string() + ": not a run: there is no run.json in it");
    check_same_settings(folder, read_run_json(file), asked, may_differ);
  };
  check();
  FileLock lock(folder);
  check();
  RunFolder found(folder, asked, std::move(lock));
  found.make_folders();
  if (read_file(file) != to_text(asked)) write_atomically(file, to_text(asked));
  return found;
}

RunFolder RunFolder::open(const fs::path& folder) {
  if (!is_folder(folder)) throw UsageError(folder.string() + ": no such run");
  if (!is_there(folder / "run.json"))
    throw UsageError(folder.string() + ": not a run: there is no run.json in it");
  return RunFolder(folder, read_run_json(folder / "run.json"), std::nullopt);
}

fs::path RunFolder::sample(std::int64_t iteration) const {
  return path_ / "samples" / numbered(iteration, ".png");
}

fs::path RunFolder::checkpoint(std::int64_t iteration) const {
  return path_ / "checkpoints" / numbered(iteration, ".safetensors");
}

std::vector<Checkpoint> RunFolder::checkpoints() const { return list(path_ / "checkpoints", ".safetensors"); }

std::vector<Checkpoint> RunFolder::samples() const { return list(path_ / "samples", ".png"); }

Recovery RunFolder::newest_checkpoint(const std::function<void(const fs::path&)>& check) const {
  Recovery recovery;
  std::vector<Checkpoint> candidates = checkpoints();
  for (; !candidates.empty(); candidates.pop_back()) {
    const fs::path& path = candidates.back().path;
    try {
      check(path);
      recovery.checkpoint = candidates.back();
      return recovery;
    } catch (const std::exception& error) {
      std::string what = error.what();
      if (what.find(path.string()) == std::string::npos) what = path.string() + ": " + what;
      recovery.damaged.push_back(std::move(what));
    }
  }
  if (!recovery.damaged.empty())
    throw Error((path_ / "checkpoints").string() + ": none of " + std::to_string(recovery.damaged.size()) +
                " can be used; the newest: " + recovery.damaged.front());
  return recovery;
}

void RunFolder::keep_checkpoints(int count, std::int64_t iteration) const {
  std::vector<Checkpoint> past = checkpoints();
  std::erase_if(past, [&](const Checkpoint& c) { return c.iteration > iteration; });
  for (std::size_t i = 0; i + static_cast<std::size_t>(std::max(count, 1)) < past.size(); ++i) {
    std::error_code error;
    fs::remove(past[i].path, error);
    if (error) fail_with(past[i].path, "cannot remove the old checkpoint", error.value());
  }
}

}  // namespace ganymede::run
