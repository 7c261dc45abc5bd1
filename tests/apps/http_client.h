// A few lines of HTTP over a socket: tests see exactly what the server sends, and can send what no client would.
#pragma once
#include <map>
#include <string>
#include <vector>

namespace ganymede::apps {

struct Answer {
  int status = 0;        // 0: no answer
  std::string head, body;
};

// Sends `bytes` to 127.0.0.1:port and reads until the other side closes, for at most 60 s.
Answer send_bytes(int port, const std::string& bytes);
// A request with Host, Content-Length where there is a body, and `more` header lines ("Name: value\r\n" each).
Answer request(int port, const std::string& method, const std::string& target, const std::string& body = "", const std::string& more = "");
Answer get(int port, const std::string& target);
Answer post(int port, const std::string& target, const std::string& body);
// Files as multipart/form-data, in order.
Answer post_form(int port, const std::string& target, const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace ganymede::apps
