#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gan/run/file_lock.h"
#include "gan/run/settings.h"

namespace ganymede::run {

struct Checkpoint {
  std::int64_t iteration = 0;
  std::filesystem::path path;
};

struct Recovery {
  std::optional<Checkpoint> checkpoint;  // the newest good one; nothing if the run has not saved any yet
  std::vector<std::string> damaged;      // for each newer one that was passed over: path and what is wrong
};

// One run's folder: run.json, stats.jsonl, events.out.tfevents.*, reals.png, samples/000500.png,
// checkpoints/000500.safetensors, report.html. Who may write there holds its lock until the object is gone,
// or the process is. All errors are one line: UsageError for a folder that is not what was asked for, Error
// for what the system refuses and for damage. A call that throws changes nothing.
class RunFolder {
 public:
  // A new run. `folder` is made; it may exist if it is empty. Any other content, a run included, is an
  // error.
  static RunFolder create(const std::filesystem::path& folder, const Json& run);

  // Continues a run. Everything in `run` must equal what run.json says, but for the keys in `may_differ`
  // (dotted for nested ones: "settings.gp"; a key stands for all below it), whose new values are stored. A
  // run that was killed before it could write run.json starts anew.
  static RunFolder resume(const std::filesystem::path& folder, const Json& run,
                          const std::vector<std::string>& may_differ);

  // Throws what create() would, without making anything: to be asked before long preparations.
  static void check_free(const std::filesystem::path& folder);

  // The run that resume() would continue, to read only; nothing if it was killed before it could write run.json.
  // Throws if there is none.
  static std::optional<RunFolder> find(const std::filesystem::path& folder);

  // To read only, also while a trainer is writing.
  static RunFolder open(const std::filesystem::path& folder);

  const std::filesystem::path& path() const { return path_; }
  // The content of run.json.
  const Json& run() const { return run_; }

  std::filesystem::path run_json() const { return path_ / "run.json"; }
  std::filesystem::path stats() const { return path_ / "stats.jsonl"; }
  std::filesystem::path reals() const { return path_ / "reals.png"; }
  std::filesystem::path report() const { return path_ / "report.html"; }
  std::filesystem::path sample(std::int64_t iteration) const;
  std::filesystem::path checkpoint(std::int64_t iteration) const;

  // Those that exist, oldest first.
  std::vector<Checkpoint> checkpoints() const;
  std::vector<Checkpoint> samples() const;

  // `check` reads a checkpoint and throws if it cannot be used. If there are some and none is good, that is
  // an error.
  Recovery newest_checkpoint(const std::function<void(const std::filesystem::path&)>& check) const;

  // Removes all but the last `count` of the checkpoints up to `iteration`. To be called after each save, and
  // after a resume, which may follow a kill between the two.
  void keep_checkpoints(int count, std::int64_t iteration) const;

 private:
  RunFolder(std::filesystem::path path, Json run, std::optional<FileLock> lock)
      : path_(std::move(path)), run_(std::move(run)), lock_(std::move(lock)) {}
  void make_folders() const;

  std::filesystem::path path_;
  Json run_;
  std::optional<FileLock> lock_;  // nothing when opened to read
};

}  // namespace ganymede::run
