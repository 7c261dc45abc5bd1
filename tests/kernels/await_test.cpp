// Kernels overlap at their ends on sm_90: one that did not wait would read what the one before it has yet to write, on a
// card and only now and then. So every kernel's first statement is looked at.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/places.h"

namespace {

namespace fs = std::filesystem;

// Names of the kernels in a source that begin with something else.
std::vector<std::string> hasty_kernels(const std::string& source, int& kernels) {
  std::vector<std::string> hasty;
  for (size_t at = 0; (at = source.find("\n__global__", at)) != std::string::npos; ++at) {
    const size_t name = source.find("_kernel(", at), body = source.find(") {\n", at);
    if (name == std::string::npos || body == std::string::npos) continue;
    ++kernels;
    if (!source.substr(body + 4).starts_with("  simt::await_previous_kernels();\n")) {
      const size_t begin = source.find_last_of(" \n", name) + 1;
      hasty.push_back(source.substr(begin, name + 7 - begin));
    }
  }
  return hasty;
}

TEST(AwaitPreviousKernels, HastyKernelsAreFound) {
  int kernels = 0;
  const std::string good = "\n__global__ void __launch_bounds__(64)\n    add_kernel(int* x,\n    int n) {\n  simt::await_previous_kernels();\n  *x += n;\n}\n",
                    bad = "\n__global__ void set_kernel(int* x) {\n  *x = 0;\n  simt::await_previous_kernels();\n}\n";
  EXPECT_EQ(hasty_kernels(good + bad + good, kernels), std::vector<std::string>{"set_kernel"});
  EXPECT_EQ(kernels, 3);
}

TEST(AwaitPreviousKernels, EveryKernelBeginsWithIt) {
  int kernels = 0;
  for (const char* folder : {"kernels/src", "kernels/device", "bench/ladder"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(ganymede::test::source_dir()) / folder)) {
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      for (const std::string& name : hasty_kernels(text.str(), kernels)) ADD_FAILURE() << entry.path() << ": " << name;
    }
  }
  EXPECT_GE(kernels, 64);
}

}  // namespace
