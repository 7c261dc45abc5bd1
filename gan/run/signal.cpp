#include "gan/run/signal.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace ganymede::run {
namespace {

std::atomic<int> requested_by = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler must not wait for a lock");
struct sigaction old_interrupt, old_terminate, old_hangup;

void on_signal(int signal) {
  if (requested_by.exchange(signal) != 0) _exit(128 + signal);
  // An iteration can take long: say at once that the key was heard. Only write() is allowed here.
  const int error = errno;
  static constexpr char kMessage[] = "\nstopping after this iteration; once more to stop at once\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
  errno = error;
}

}  // namespace

StopRequest::StopRequest() {
  requested_by = 0;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // no write of ours is to fail because of it
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &old_interrupt);
  sigaction(SIGTERM, &action, &old_terminate);
  sigaction(SIGHUP, nullptr, &old_hangup);  // under nohup it stays ignored
  if (old_hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

StopRequest::~StopRequest() {
  sigaction(SIGINT, &old_interrupt, nullptr);
  sigaction(SIGTERM, &old_terminate, nullptr);
  sigaction(SIGHUP, &old_hangup, nullptr);
}

int StopRequest::signal() const { return requested_by.load(std::memory_order_relaxed); }

}  // namespace ganymede::run
