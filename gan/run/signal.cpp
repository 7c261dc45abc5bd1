#include "gan/run/signal.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace ganymede::run {
namespace {

std::atomic<int> requested_by = 0;
const char* said = "";
size_t said_length = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler must not wait for a lock");
struct sigaction old_interrupt, old_terminate, old_hangup;

void on_signal(int signal) {
  if (requested_by.exchange(signal) != 0) _exit(128 + signal);
  // What is under way can take long: say at once that the key was heard. Only write() is allowed here.
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, said, said_length);
  errno = error;
}

}  // namespace

StopRequest::StopRequest(const char* message) {
  requested_by = 0, said = message, said_length = std::strlen(message);
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
