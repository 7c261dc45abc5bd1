// The sanitizers must see through the simulator: kernels with planted faults are built with each of them,
// run, and the report must name the line of the fault.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/places.h"

namespace {

const std::string kSource = ganymede::test::source_dir() + "/tests/kernels/faults/simt_faults.cpp";

struct Outcome {
  int status;
  std::string output;
};

Outcome shell(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return {-1, "popen failed"};
  std::string output;
  std::array<char, 4096> part;
  while (const size_t got = fread(part.data(), 1, part.size(), pipe)) output.append(part.data(), got);
  return {pclose(pipe), output};
}

// A temporary folder that holds the program built with one sanitizer.
class FaultyProgram {
 public:
  explicit FaultyProgram(const std::string& sanitizer) : sanitizer_(sanitizer) {
    folder_ = std::filesystem::temp_directory_path() /
              ("ganymede-faults-" + sanitizer + "-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    const std::string root = ganymede::test::source_dir(),
                      library = ganymede::test::binary_dir() + "/kernels/libganymede_kernels_sim.a";
    build_ = shell("g++ -std=c++20 -O1 -g -Wno-unknown-pragmas -fsanitize=" + sanitizer + " -I" + root + " " +
                   kSource + " " + library + " -o " + program() + " -pthread" + kBoost);
  }
  ~FaultyProgram() { std::filesystem::remove_all(folder_); }

  const Outcome& build() const { return build_; }
  Outcome run(const std::string& fault, const std::string& environment = "") const {
    const std::string command = program() + " " + fault;
    Outcome outcome = shell(environment + " " + command);
    // Newer kernels place memory where older runtimes of ThreadSanitizer do not look for it.
    if (outcome.output.find("unexpected memory mapping") != std::string::npos)
      outcome = shell(environment + " setarch -R " + command);
    return outcome;
  }

  // The fault's report holds all of parts, and the line that is marked with its name.
  void expect_report(const std::string& fault, std::initializer_list<std::string> parts,
                     const std::string& environment = "") const {
    const Outcome outcome = run(fault, environment);
    EXPECT_NE(outcome.status, 0) << fault << " went unnoticed by " << sanitizer_;
    for (const std::string& part : parts) {
      EXPECT_NE(outcome.output.find(part), std::string::npos) << fault << ": no \"" << part << "\" in\n"
                                                              << outcome.output;
    }
    const std::string place = "simt_faults.cpp:" + std::to_string(line_of(fault));
    EXPECT_NE(outcome.output.find(place), std::string::npos) << fault << ": no " << place << " in\n"
                                                             << outcome.output;
  }

 private:
#ifdef __x86_64__
  static constexpr const char* kBoost = "";
#else
  static constexpr const char* kBoost = " -lboost_context";
#endif

  std::string program() const { return (folder_ / "faults").string(); }

  static int line_of(const std::string& fault) {
    std::ifstream file(kSource);
    std::string text;
    for (int line = 1; std::getline(file, text); ++line) {
      if (text.ends_with("// FAULT " + fault)) return line;
    }
    ADD_FAILURE() << "no line of " << kSource << " is marked " << fault;
    return 0;
  }

  std::string sanitizer_;
  std::filesystem::path folder_;
  Outcome build_;
};

bool has_compiler() { return shell("g++ --version").status == 0; }

TEST(SimtSanitizer, AddressSanitizerNamesTheLine) {
  if (!has_compiler()) GTEST_SKIP() << "no g++ here";
  const FaultyProgram program("address");
  ASSERT_EQ(program.build().status, 0) << program.build().output;
  for (const std::string order : {"forward", "reverse", "random"}) {
    const Outcome correct = program.run("correct", "GANYMEDE_SIM_ORDER=" + order);
    EXPECT_EQ(correct.status, 0) << order << "\n" << correct.output;
    EXPECT_EQ(correct.output, "");
  }
  for (const char* environment : {"GANYMEDE_SIM_ORDER=random:7", "GANYMEDE_SIM_THREADS=1"}) {
    EXPECT_EQ(program.run("correct", environment).status, 0);
  }
  for (const char* environment :
       {"GANYMEDE_SIM_ORDER=backwards", "GANYMEDE_SIM_ORDER=random:x",
        "GANYMEDE_SIM_ORDER=random:", "GANYMEDE_SIM_THREADS=0", "GANYMEDE_SIM_THREADS=2x"}) {
    const Outcome refused = program.run("correct", environment);
    EXPECT_NE(refused.status, 0) << environment;
    EXPECT_NE(refused.output.find("it must be"), std::string::npos) << environment << "\n" << refused.output;
  }
  program.expect_report("out_of_bounds", {"heap-buffer-overflow"});
  program.expect_report("shared_overrun", {"use-after-poison"});
  program.expect_report("missing_wait", {"AddressSanitizer"});
  program.expect_report("divergent_barrier", {"divergent barrier"});
  program.expect_report("deadlock", {"deadlock"});
}

TEST(SimtSanitizer, ThreadSanitizerNamesTheLine) {
  if (!has_compiler()) GTEST_SKIP() << "no g++ here";
  const FaultyProgram program("thread");
  ASSERT_EQ(program.build().status, 0) << program.build().output;
  for (const std::string order : {"forward", "random"}) {
    const std::string environment = "GANYMEDE_SIM_ORDER=" + order;
    const Outcome correct = program.run("correct", environment);
    EXPECT_EQ(correct.status, 0) << order << "\n" << correct.output;
    EXPECT_EQ(correct.output, "");
    program.expect_report("missing_barrier", {"data race"}, environment);
  }
  program.expect_report("warp_race", {"data race"});
  program.expect_report("block_race", {"data race"});
  program.expect_report("missing_fence", {"data race"});
  program.expect_report("divergent_barrier", {"divergent barrier"});
  program.expect_report("deadlock", {"deadlock"});
}

}  // namespace
