// Runs the built program as its users do, and looks at what it leaves.
#pragma once
#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ganymede::apps {

struct Result {
  int status = 0;  // exit status; 128 + the signal's number if one killed it
  std::string out, err;
  std::string last_line() const;  // of err
};

// A started program; it is killed if nobody waits for it.
class Program {
 public:
  // In `folder`, with standard output and error kept. output: a file for the standard output instead. prepare: called in
  // the new process just before the program starts (limits, another user).
  Program(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
          const std::string& output = "", const std::function<void()>& prepare = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number);
  // Until `path` exists, at most 60 s.
  void wait_for(const std::filesystem::path& path);
  Result wait();

 private:
  std::filesystem::path out_, err_;
  pid_t id_ = 0;
};

// A folder of its own for each test, gone afterwards; programs run in it.
class ProgramTest : public testing::Test {
 protected:
  ProgramTest();
  ~ProgramTest() override;

  Result run(const std::vector<std::string>& arguments) const { return Program(folder_, arguments).wait(); }
  // Runs and expects exactly this status, and exactly one line of error that has all these parts; returns the
  // line.
  std::string refused(int status, const std::vector<std::string>& arguments,
                      const std::vector<std::string>& parts) const;
  // The smallest training: DCGAN of width 4 on shapes of 16 px, into `out`; `more` goes behind. One thread:
  // on a busy machine several wait for each other.
  static std::vector<std::string> tiny(const std::string& out, const std::vector<std::string>& more = {});

  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  void put(const std::string& name, const std::string& bytes) const;
  std::string get(const std::string& name) const;
  bool exists(const std::string& name) const { return std::filesystem::exists(folder_ / name); }
  // Every file below `name` with its bytes.
  std::map<std::string, std::string> files(const std::string& name) const;

  std::filesystem::path folder_;
};

}  // namespace ganymede::apps
