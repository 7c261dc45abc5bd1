#include "tests/apps/program.h"
#include "tests/support/places.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace ganymede::apps {
namespace fs = std::filesystem;
namespace {

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

std::string Result::last_line() const {
  const size_t end = err.find_last_not_of('\n');
  if (end == err.npos) return "";
  const size_t start = err.rfind('\n', end);
  return err.substr(start == err.npos ? 0 : start + 1, end - (start == err.npos ? 0 : start + 1) + 1);
}

Program::Program(const fs::path& folder, const std::vector<std::string>& arguments,
                 const std::string& output, const std::function<void()>& prepare) {
  static std::atomic<int> count = 0;
  const std::string number = std::to_string(count++);
  out_ = output.empty() ? folder / (".out" + number) : fs::path(output);
  err_ = folder / (".err" + number);
  std::vector<std::string> words{test::binary_dir() + "/ganymede"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  id_ = fork();
  if (id_ != 0) return;
  const int out = open(out_.c_str(), O_WRONLY | O_CREAT, 0666),
            err = open(err_.c_str(), O_WRONLY | O_CREAT, 0666);
  if (out < 0 || err < 0 || chdir(folder.c_str()) != 0) _exit(99);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  if (prepare) prepare();
  execv(argv[0], argv.data());
  _exit(99);
}

Program::~Program() {
  if (id_ <= 0) return;
  kill(id_, SIGKILL);
  waitpid(id_, nullptr, 0);
}

void Program::signal(int number) { kill(id_, number); }

void Program::wait_for(const fs::path& path) {
  for (int i = 0; i < 12000 && !fs::exists(path); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(fs::exists(path)) << path;
}

Result Program::wait() {
  int status = 0;
  waitpid(id_, &status, 0);
  id_ = 0;
  const bool device = fs::is_character_file(out_);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), device ? "" : read(out_),
          read(err_)};
}

ProgramTest::ProgramTest() {
  // In memory where there is such a folder: flushing to a busy disk takes seconds, and a run does it often.
  const fs::path memory = "/dev/shm";
  const fs::path parent = access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path();
  std::string name = (parent / "ganymede_apps_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = name;
}

ProgramTest::~ProgramTest() { fs::remove_all(folder_); }

std::string ProgramTest::refused(int status, const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& parts) const {
  std::string command = "ganymede";
  for (const auto& a : arguments) command += " " + a;
  SCOPED_TRACE(command);
  const Result r = run(arguments);
  EXPECT_EQ(r.status, status) << r.err;
  EXPECT_EQ(r.out, "");
  EXPECT_TRUE(r.err.starts_with("ganymede: ") && r.err.find('\n') + 1 == r.err.size())
      << "not one line: " << r.err;
  for (const std::string& part : parts)
    EXPECT_NE(r.err.find(part), r.err.npos) << part << " is not in: " << r.err;
  return r.err;
}

std::vector<std::string> ProgramTest::tiny(const std::string& out, const std::vector<std::string>& more) {
  std::vector<std::string> words{"train",           "dcgan",  "--out",     out,     "--data",
                                 "shapes:count=64", "--size", "16",        "--set", "width=4",
                                 "--batch",         "4",      "--threads", "1"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void ProgramTest::put(const std::string& name, const std::string& bytes) const {
  fs::create_directories((folder_ / name).parent_path());
  std::ofstream(folder_ / name, std::ios::binary) << bytes;
}

std::string ProgramTest::get(const std::string& name) const { return read(folder_ / name); }

std::map<std::string, std::string> ProgramTest::files(const std::string& name) const {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / name))
    if (entry.is_regular_file())
      all[fs::relative(entry.path(), folder_ / name).string()] = read(entry.path());
  return all;
}

}  // namespace ganymede::apps
