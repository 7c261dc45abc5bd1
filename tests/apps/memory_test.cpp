// Memory that does not suffice: foretold by explain, and in a training one line with a batch that then does fit.
#include <sys/resource.h>

#include "tests/apps/program.h"
#include "tests/support/places.h"

namespace ganymede::apps {
namespace {

using Words = std::vector<std::string>;

class Memory : public ProgramTest {
 protected:
  Words training(int batch) const {
    return {"train", "dcgan", "--data", "shapes:count=1024", "--size", "32", "--set", "width=8", "--threads", "1", "--steps", "4",
            "--batch", std::to_string(batch), "--out", "run" + std::to_string(batch)};
  }

  // Follows the advice until it holds; says how often it had to be asked.
  void follow_advice(const std::function<void()>& limit, const std::string& named, bool foretold) {
    int batch = 1024, refusals = 0;
    for (;; ++refusals) {
      ASSERT_LT(refusals, 6);
      const Result r = Program(folder_, training(batch), "", limit).wait();
      if (r.status == 0) break;
      ASSERT_EQ(r.status, 1) << r.err;
      const std::string line = r.last_line();
      ASSERT_EQ(r.err.find("terminate"), r.err.npos) << r.err;
      EXPECT_TRUE(line.starts_with("ganymede: ")) << r.err;
      EXPECT_NE(line.find(named), line.npos) << line;
      if (foretold && refusals == 0) {
        EXPECT_NE(line.find("not enough memory: a batch of 1024 needs "), line.npos) << line;
        EXPECT_FALSE(exists("run1024"));
      }
      const size_t advice = line.find("use --batch ");
      ASSERT_NE(advice, line.npos) << line;
      const int next = std::stoi(line.substr(advice + 12));
      ASSERT_LT(next, batch) << line;
      ASSERT_GE(next, 1) << line;
      batch = next;
    }
    EXPECT_GT(refusals, 0) << "the limit was none";
    EXPECT_GE(batch, 16) << "the advice is far too careful";
  }
};

TEST_F(Memory, ExplainTellsItByUse) {
  const Words words{"explain", "dcgan", "--memory", "--data", "shapes:count=64", "--size", "32", "--set", "width=8"};
  const Result r = run(words);
  ASSERT_EQ(r.status, 0) << r.err;
  for (const char* part : {"dcgan: memory for a batch of 64", "network G", "network D", "optimisers", "activations", "arenas", "read ahead",
                           "in all", "free: ", "it fits"})
    EXPECT_NE(r.out.find(part), r.out.npos) << part << " is not in:\n" << r.out;
  refused(2, {"explain", "dcgan", "--memory", "--losses"}, {"--memory", "--losses"});
  Words large = words;
  large.insert(large.end(), {"--batch", "1000000"});
  const Result too_large = run(large);
  EXPECT_NE(too_large.out.find("it does not fit; use --batch "), too_large.out.npos) << too_large.out << too_large.err;
}

TEST_F(Memory, ALimitOnAddressSpace) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need the address space";
#endif
  // The program itself lies in the address space too, and is twice as large with kernels for the GPU in it.
  const rlim_t bytes = std::filesystem::file_size(test::binary_dir() + "/ganymede") + (rlim_t{200} << 20);
  follow_advice([bytes] {
    const rlimit space{bytes, bytes};
    setrlimit(RLIMIT_AS, &space);
  }, "the limit on address space (ulimit -v)", true);
}

}  // namespace
}  // namespace ganymede::apps
