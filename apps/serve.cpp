// ganymede serve RUN: a page on this machine that draws with a trained model, and the same by HTTP for other programs.
#include <unistd.h>

#include <iostream>
#include <memory>

#include "apps/options.h"
#include "apps/serve_http.h"
#include "apps/trained.h"
#include "apps/verbs.h"
#include "gan/run/signal.h"

namespace ganymede::apps {
namespace {

struct ServeOptions {
  TrainedOptions trained;
  std::string host = "127.0.0.1";
  int64_t port = 8080, waiting = 32;
  ServeLimits limits;
};

void serve(const ServeOptions& o) {
  HttpServer server(o.host, int(o.port));
  const run::StopRequest stop("\nending; once more to end at once\n");
  ServedModel model(o.trained);
  ModelQueue queue{size_t(o.waiting)};
  server.run(model, queue, o.limits);
  std::cout << server.address() << " serves " << model.id() << " from " << o.trained.folder << "; Ctrl-C ends it" << std::endl;
  queue.serve([&] { return stop.requested() || !std::cout; });
  if (server.stop()) return;
  std::cout.flush();   // a client that neither reads nor goes must not hold the program
  _exit(0);
}

}  // namespace

void add_serve(CLI::App& program) {
  auto o = std::make_shared<ServeOptions>();
  auto* verb = program.add_subcommand("serve", "open a page that draws with a trained model, on this machine; Ctrl-C ends it");
  o->trained.add_to(*verb);
  verb->add_option("--host", o->host, "address to listen on; another than 127.0.0.1 lets others use the model: 0.0.0.0 for everyone who can reach this machine")->capture_default_str();
  verb->add_option("--port", o->port, "port to listen on (0: any that is free)")->check(whole(0, 65535))->capture_default_str();
  verb->add_option("--waiting", o->waiting, "requests that may wait for the model; more are told to try again")->check(whole(1, 4096))->capture_default_str();
  verb->add_option("--bytes", o->limits.bytes, "largest upload")->check(whole(1024, int64_t{1} << 30))->capture_default_str();
  verb->add_option("--pixels", o->limits.pixels, "largest picture, height x width")->check(whole(1, int64_t{1} << 28))->capture_default_str();
  verb->callback([o] { serve(*o); });
}

}  // namespace ganymede::apps
