#include "gan/run/signal.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

namespace ganymede::run {
namespace {

// The wait status of a child that runs `action` with its standard error closed.
int status_of(const std::function<void()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);
    action();
    _exit(7);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST(StopRequest, TheFirstSignalOnlyAsks) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const int status = status_of([&] {
      const StopRequest stop;
      if (stop.requested()) _exit(1);
      raise(signal);
      if (stop.signal() != signal) _exit(2);
    });
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7);
  }
}

TEST(StopRequest, TheSecondEndsTheProcess) {
  const int status = status_of([] {
    const StopRequest stop;
    raise(SIGTERM);
    raise(SIGINT);
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 130);
}

TEST(StopRequest, GivesTheSignalsBack) {
  const int status = status_of([] {
    { const StopRequest stop; }
    raise(SIGTERM);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

}  // namespace ganymede::run
