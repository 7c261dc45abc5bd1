#include "apps/serve_http.h"

#include <httplib.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <new>
#include <thread>

#include "apps/serve_answer.h"
#include "apps/serve_page.h"
#include "apps/serve_upload.h"
#include "engine/check.h"
#include "gan/data/png.h"

namespace ganymede::apps {
namespace {

using Json = nlohmann::ordered_json;
using Request = httplib::Request;
using Response = httplib::Response;

constexpr int kThreads = 32;              // connections that are listened to at once
constexpr size_t kLongestPath = 128;      // the library matches paths by recursion
constexpr int64_t kMostExamples = 6;

constexpr const char* kPagePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src blob: data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

bool is_post_path(const std::string& path) { return path.starts_with("/apply/"); }
bool is_get_path(const std::string& path) { return path == "/" || path == "/tasks" || path == "/sample" || path == "/examples"; }

void answer_line(Response& res, int status, std::string line) {
  std::replace(line.begin(), line.end(), '\n', ' ');
  res.status = status;
  res.set_content(line + "\n", "text/plain; charset=utf-8");
}

void answer_error(Response& res) {
  try {
    throw;
  } catch (const Refused& e) {
    answer_line(res, e.status, e.what());
  } catch (const Busy& e) {
    res.set_header("Retry-After", "1");
    answer_line(res, 429, e.what());
  } catch (const Ending& e) {
    answer_line(res, 503, e.what());
  } catch (const UsageError& e) {
    answer_line(res, 400, e.what());
  } catch (const std::bad_alloc&) {
    answer_line(res, 500, "out of memory: try a smaller picture");
  } catch (const std::exception& e) {
    answer_line(res, 500, e.what());
  }
}

Query query_of(const Request& req) {
  Query query;
  for (const auto& [name, value] : req.params) query.insert_or_assign(name, value);
  return query;
}

std::string taken(Query& query, const std::string& name) {
  const auto found = query.find(name);
  if (found == query.end()) return "";
  const std::string value = found->second;
  query.erase(found);
  return value;
}

// What no request may be, whatever it asks for; true if it has been answered.
bool refused(const Request& req, Response& res, bool only_here) {
  if (req.path.size() > kLongestPath) return answer_line(res, 404, "no such page: " + req.path.substr(0, 32) + "..."), true;
  const std::string host = req.get_header_value("Host");
  if (only_here && !names_this_machine(host))
    return answer_line(res, 403, text("host ", host.empty() ? "(none)" : host, ": this server answers to localhost and 127.0.0.1 only; start it with --host to open it")), true;
  // Pages of other sites may send requests here, too; they would not see the answer, but could keep the model busy.
  const std::string origin = req.get_header_value("Origin"), site = req.get_header_value("Sec-Fetch-Site");
  const bool foreign = (!origin.empty() && origin != "http://" + host) || (!site.empty() && site != "same-origin" && site != "none");
  if (foreign && req.path != "/") return answer_line(res, 403, "requests from pages of other sites are not answered"), true;
  const bool get = req.method == "GET" || req.method == "HEAD", post = req.method == "POST";
  if (!get && !post) {
    res.set_header("Allow", is_post_path(req.path) ? "POST" : "GET");
    return answer_line(res, 405, req.method + ": only GET and POST are understood"), true;
  }
  if (get && is_post_path(req.path)) {
    res.set_header("Allow", "POST");
    return answer_line(res, 405, req.path + ": send the picture with POST"), true;
  }
  if (post && !req.get_header_value("Transfer-Encoding").empty()) return answer_line(res, 411, "send the length of the upload (Content-Length) instead of Transfer-Encoding"), true;
  if (post && !req.get_header_value("Content-Encoding").empty()) return answer_line(res, 415, "send the picture as it is, without Content-Encoding"), true;
  return false;
}

const char* said_by_library(int status) {
  switch (status) {
    case 400: return "this is no request that can be understood";
    case 404: return "no such page: there are /, /tasks, /sample, /examples and, for POST, /apply/TASK";
    case 413: return "the upload is too large";
    case 414: return "the address is too long: at most 8192 characters";
    default: return "the request failed";
  }
}

[[noreturn]] void fail_to_listen(const std::string& host, int port, int error) {
  const std::string where = text("port ", port, " on ", host);
  if (error == EADDRINUSE) fail(where, ": it is in use; choose another with --port (0: any that is free)");
  if (error == EACCES) fail(where, ": ports below 1024 need special rights; choose another with --port");
  if (error == EADDRNOTAVAIL) fail(where, ": this machine has no such address; --host must be one of its own, or 0.0.0.0 for all");
  fail(where, ": cannot listen there", error ? text(": ", std::strerror(error)) : text(": no address is known by this name"));
}

}  // namespace

struct HttpServer::Listening {
  std::thread thread;
  std::future<void> ended;
};

bool names_this_machine(const std::string& host) {
  std::string name = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

HttpServer::HttpServer(const std::string& host, int port) : server_(std::make_unique<httplib::Server>()) {
  httplib::Server& s = *server_;
  // The library would share the port with others that want it, too (SO_REUSEPORT).
  s.set_socket_options([](auto socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  errno = 0;
  const int bound = port ? (s.bind_to_port(host, port) ? port : -1) : s.bind_to_any_port(host);
  if (bound < 0) fail_to_listen(host, port, errno);
  only_here_ = host == "localhost" || host == "::1" || host.starts_with("127.");
  address_ = text("http://", host.find(':') == host.npos ? host : "[" + host + "]", ":", bound, "/");
}

HttpServer::~HttpServer() {
  if (listening_) stop();
}

void HttpServer::run(ServedModel& model, ModelQueue& queue, const ServeLimits& limits) {
  httplib::Server& s = *server_;
  s.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  s.set_keep_alive_max_count(1);   // an idle connection would hold a thread
  s.set_read_timeout(10);
  s.set_write_timeout(10);
  s.set_tcp_nodelay(true);
  s.set_payload_max_length(size_t(limits.bytes) + 65536);   // names and boundaries of parts come on top
  s.set_default_headers({{"Content-Security-Policy", kPagePolicy}, {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "no-referrer"}, {"Cache-Control", "no-store"}});
  s.set_pre_routing_handler([this](const Request& req, Response& res) {
    return refused(req, res, only_here_) ? httplib::Server::HandlerResponse::Handled : httplib::Server::HandlerResponse::Unhandled;
  });
  s.set_error_handler([](const Request&, Response& res) {
    if (res.body.empty()) answer_line(res, res.status, said_by_library(res.status));
  });

  const auto on_get = [&](const char* path, std::function<void(const Request&, Response&)> f) {
    s.Get(path, [f = std::move(f)](const Request& req, Response& res) {
      try {
        f(req, res);
      } catch (...) {
        answer_error(res);
      }
    });
  };
  on_get("/", [](const Request&, Response& res) { res.set_content(serve_page(), "text/html; charset=utf-8"); });
  on_get("/tasks", [&model, &queue, limits](const Request&, Response& res) {
    Json answer;
    queue.call([&] { answer = model.describe(); });
    answer["limits"] = {{"bytes", limits.bytes}, {"pixels", limits.pixels}, {"pictures", limits.pictures}};
    res.set_content(answer.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json");
  });
  on_get("/sample", [&model, &queue](const Request& req, Response& res) {
    data::Picture drawn;
    queue.call([&] { drawn = model.sample(query_of(req)); });
    answer_png(res, drawn);
  });
  on_get("/examples", [&model, &queue](const Request&, Response& res) {
    std::vector<data::Picture> pictures;
    queue.call([&] { pictures = model.examples(kMostExamples); });
    answer_pictures(res, pictures);
  });
  s.Post("/.*", [&model, &queue, limits](const Request& req, Response& res, const httplib::ContentReader& reader) {
    try {
      std::vector<UploadedFile> files = read_upload(req, reader, limits);   // also of what will be refused: the sender listens only then
      if (!is_post_path(req.path)) {
        if (!is_get_path(req.path)) throw Refused(404, said_by_library(404));
        res.set_header("Allow", "GET");
        throw Refused(405, req.path + ": ask for it with GET");
      }
      Query query = query_of(req);
      const std::string format = taken(query, "format"), wanted = taken(query, "result");
      if (!format.empty() && format != "png" && format != "json") throw UsageError("setting format=" + format + ": it must be png or json");
      DecodedUpload upload = decoded(files, limits);
      std::vector<Result> results;
      double milliseconds = 0;
      queue.call([&] {
        const auto start = std::chrono::steady_clock::now();
        results = model.apply(req.path.substr(std::strlen("/apply/")), std::move(upload.pictures), query);
        milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
      });
      if (format == "json") return answer_json(res, results, upload.notes, milliseconds);
      for (const std::string& note : upload.notes) res.set_header("Ganymede-Note", note);
      answer_result(res, results, wanted);
    } catch (...) {
      answer_error(res);
    }
  });

  auto ended = std::make_shared<std::promise<void>>();
  listening_ = std::make_unique<Listening>();
  listening_->ended = ended->get_future();
  listening_->thread = std::thread([server = server_.get(), ended] {
    server->listen_after_bind();
    ended->set_value();
  });
}

bool HttpServer::stop() {
  if (!listening_) return true;
  server_->stop();
  if (listening_->ended.wait_for(std::chrono::seconds(5)) != std::future_status::ready) return false;
  listening_->thread.join();
  listening_.reset();
  return true;
}

}  // namespace ganymede::apps
