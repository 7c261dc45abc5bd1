#include "tests/apps/http_client.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

namespace ganymede::apps {

Answer send_bytes(int port, const std::string& bytes) {
  Answer answer;
  const int s = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET, to.sin_port = htons(uint16_t(port)), to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{60, 0};
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(s, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    for (size_t at = 0; at < bytes.size();) {
      const ssize_t n = send(s, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (n <= 0) break;
      at += size_t(n);
    }
    std::string all;
    char part[65536];
    for (ssize_t n; (n = recv(s, part, sizeof part, 0)) > 0;) all.append(part, size_t(n));
    const size_t end = all.find("\r\n\r\n");
    if (all.starts_with("HTTP/1.1 ") && end != all.npos) answer = {std::stoi(all.substr(9, 3)), all.substr(0, end + 2), all.substr(end + 4)};
  }
  close(s);
  return answer;
}

Answer request(int port, const std::string& method, const std::string& target, const std::string& body, const std::string& more) {
  const bool host = more.find("Host:") != more.npos, sized = !body.empty() && more.find("Content-Length:") == more.npos;
  return send_bytes(port, method + " " + target + " HTTP/1.1\r\n" + (host ? "" : "Host: 127.0.0.1:" + std::to_string(port) + "\r\n") +
                              (sized ? "Content-Length: " + std::to_string(body.size()) + "\r\n" : "") + more + "\r\n" + body);
}

Answer get(int port, const std::string& target) { return request(port, "GET", target); }
Answer post(int port, const std::string& target, const std::string& body) { return request(port, "POST", target, body, "Content-Type: image/png\r\n"); }

Answer post_form(int port, const std::string& target, const std::vector<std::pair<std::string, std::string>>& files) {
  std::string body;
  for (const auto& [name, bytes] : files)
    body += "--edge\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n" + bytes + "\r\n";
  return request(port, "POST", target, body + "--edge--\r\n", "Content-Type: multipart/form-data; boundary=edge\r\n");
}

}  // namespace ganymede::apps
