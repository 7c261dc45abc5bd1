// The routes of `ganymede serve` and everything that is checked before the model is asked. No part of a request ever names
// a file.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "apps/serve_model.h"
#include "apps/serve_queue.h"

namespace httplib {
class Server;
}

namespace ganymede::apps {

struct ServeLimits {
  int64_t bytes = 16 << 20;      // of an upload
  int64_t pixels = 1 << 20;      // of a picture in it
  int64_t pictures = 16;         // in it
};

// Listens from the start, so that a port in use is known before a model is read; answers once run() is called.
class HttpServer {
 public:
  // Error in one line when the address cannot be listened on. port 0: any that is free.
  HttpServer(const std::string& host, int port);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const std::string& address() const { return address_; }   // "http://127.0.0.1:8080/"
  // Answers in threads of its own. All three must outlive it; the model is used through the queue only.
  void run(ServedModel& model, ModelQueue& queue, const ServeLimits& limits);
  // Answers no more; false if an answer is still under way after a few seconds.
  bool stop();

 private:
  struct Listening;
  std::string address_;
  bool only_here_ = false;       // bound to this machine: the Host header must name it
  std::unique_ptr<httplib::Server> server_;
  std::unique_ptr<Listening> listening_;
};

// Whether a Host header names this machine itself: localhost, 127.0.0.1 or [::1], with any port.
bool names_this_machine(const std::string& host);

}  // namespace ganymede::apps
