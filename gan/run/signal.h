#pragma once

namespace ganymede::run {

// While one lives, the first Ctrl-C (SIGINT), SIGTERM or lost terminal (SIGHUP, unless it is ignored) only asks for a stop, so that the trainer can end
// the iteration and save; the second ends the process at once, with status 128 + the signal's number. At
// most one at a time.
class StopRequest {
 public:
  // message: what the first signal prints; must live as long.
  explicit StopRequest(const char* message = "\nstopping after this iteration; once more to stop at once\n");
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;

  // The signal that asked for the stop, or 0. Safe and cheap from any thread.
  int signal() const;
  bool requested() const { return signal() != 0; }
};

}  // namespace ganymede::run
