#include "engine/atomic_file.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/data/run_test_util.h"

namespace ganymede::run {
namespace fs = std::filesystem;

TEST(AtomicFile, ReplacesTheWholeFile) {
  TemporaryFolder folder;
  write_atomically(folder / "a", "a longer first version");
  write_atomically(folder / "a", std::string("two\0zero", 8));
  EXPECT_EQ(get(folder / "a"), std::string("two\0zero", 8));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(AtomicFile, TakesAWriterOfBytesOrOfAPath) {
  TemporaryFolder folder;
  write_atomically(folder / "a", [](AtomicFile& file) {
    file.write("one ");
    file.write("two");
  });
  EXPECT_EQ(get(folder / "a"), "one two");
  write_atomically(folder / "b", [](AtomicFile& file) { put(file.temporary(), "by path"); });
  EXPECT_EQ(get(folder / "b"), "by path");
}

TEST(AtomicFile, KeepsTheOldFileWhenTheWriterFails) {
  TemporaryFolder folder;
  put(folder / "a", "old");
  EXPECT_THROW(write_atomically(folder / "a",
                                [](AtomicFile& file) {
                                  file.write("half of the n");
                                  throw std::runtime_error("stop");
                                }),
               std::runtime_error);
  EXPECT_EQ(get(folder / "a"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(AtomicFile, NamesThePathThatCannotBeWritten) {
  TemporaryFolder folder;
  put(folder / "file", "");
  expect_mentions(error_of([&] { write_atomically(folder / "file" / "a", "x"); }),
                  {(folder / "file" / "a").string(), "Not a directory"});
  expect_mentions(error_of([&] { write_atomically(folder / "missing" / "a", "x"); }),
                  {(folder / "missing" / "a").string(), "No such file or directory"});
  expect_mentions(error_of([&] { write_atomically("/proc/ganymede", "x"); }),
                  {"/proc/ganymede: cannot write"});
}

// Root writes even where the mode forbids it, so this runs as a child that is nobody.
TEST(AtomicFile, NamesAReadOnlyFolder) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms(0555));
  const pid_t child = fork();
  if (child == 0) {
    std::string text;
    if (setgid(65534) == 0 && setuid(65534) == 0) {
      try {
        write_atomically(folder / "a", "x");
      } catch (const std::exception& error) {
        text = error.what();
      }
    }
    _exit(text == (folder / "a").string() + ": cannot write: Permission denied" ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(AtomicFile, AFullDiskLeavesTheOldFileAndNoRubbish) {
  TemporaryFolder folder;
  put(folder / "a", "old");
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler =
      std::signal(SIGXFSZ, SIG_IGN);  // so that write() fails with EFBIG as it would with ENOSPC
  rlimit small = before;
  small.rlim_cur = 1000;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string text = error_of([&] { write_atomically(folder / "a", std::string(5000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  expect_mentions(text, {(folder / "a").string(), "File too large"});
  EXPECT_EQ(get(folder / "a"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(AtomicFile, RemovesOnlyWhatAKilledWriterLeft) {
  TemporaryFolder folder;
  put(folder / "000500.png", "kept");
  put(folder / ".lock", "kept");
  const pid_t child = fork();
  if (child == 0) {
    AtomicFile file(folder / "000600.png");
    file.write("half");
    kill(getpid(), SIGKILL);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 3);
  remove_temporary_files(folder.path());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 2);
  EXPECT_TRUE(fs::exists(folder / "000500.png"));
}

}  // namespace ganymede::run
