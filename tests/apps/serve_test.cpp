// ganymede serve: every route, everything that is refused, many clients at once, and how it ends.
#include <chrono>
#include <cmath>
#include <csignal>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "gan/data/apng.h"
#include "gan/data/picture_file.h"
#include "gan/data/png.h"
#include "tests/apps/http_client.h"
#include "tests/apps/program.h"

namespace ganymede::apps {
namespace {

using Words = std::vector<std::string>;
using Json = nlohmann::json;

std::string png_of(int64_t height, int64_t width, uint8_t value, int64_t channels = 3) {
  const auto bytes = data::encode_png(data::Picture(height, width, channels, value));
  return {bytes.begin(), bytes.end()};
}
data::Picture picture_in(const std::string& bytes) { return data::decode_picture("answer", {bytes.begin(), bytes.end()}); }

// A server of its own for each test, on a port that was free.
class Serve : public ProgramTest {
 protected:
  void start(const Words& training, const Words& more = {}) {
    ASSERT_EQ(run(training).status, 0);
    Words words{"serve", "run", "--port", "0"};
    words.insert(words.end(), more.begin(), more.end());
    server_ = std::make_unique<Program>(folder_, words, (folder_ / "said").string());
    // It says where it listens once it does.
    for (int i = 0; i < 6000 && get("said").find('\n') == std::string::npos; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const std::string said = get("said"), before = "http://127.0.0.1:";
    ASSERT_TRUE(said.starts_with(before)) << said;
    port_ = std::stoi(said.substr(before.size()));
  }
  void serve_samples(const Words& more = {}) { start(tiny("run", {"--steps", "2", "--set", "latent=6"}), more); }
  void serve_translations(const Words& more = {}) {
    start({"train", "pix2pix", "--out", "run", "--data", "shapes:pairs,count=32", "--size", "16", "--set", "width=4", "--batch", "1", "--threads", "1", "--steps", "2"}, more);
  }
  // Expects a status and one line of text that has all these parts.
  static void refuses(const Answer& a, int status, const Words& parts) {
    EXPECT_EQ(a.status, status) << a.body;
    EXPECT_EQ(a.body.find('\n') + 1, a.body.size()) << "not one line: " << a.body;
    EXPECT_NE(a.head.find("Content-Type: text/plain"), a.head.npos) << a.head;
    for (const std::string& part : parts) EXPECT_NE(a.body.find(part), a.body.npos) << part << " is not in: " << a.body;
  }
  int ended_by(int signal) {
    server_->signal(signal);
    return server_->wait().status;
  }

  std::unique_ptr<Program> server_;
  int port_ = 0;
};

TEST_F(Serve, PageTasksAndSamples) {
  serve_samples();
  const Answer page = apps::get(port_, "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(page.body.starts_with("<!doctype html>"));
  EXPECT_EQ(page.body.find("http://"), page.body.npos);   // nothing from elsewhere
  EXPECT_EQ(page.body.find("https://"), page.body.npos);
  EXPECT_NE(page.head.find("Content-Security-Policy: default-src 'none'"), page.head.npos);
  EXPECT_EQ(page.head.find("Access-Control"), page.head.npos);

  const Json tasks = Json::parse(apps::get(port_, "/tasks").body);
  EXPECT_EQ(tasks["model"], "dcgan");
  EXPECT_EQ(tasks["height"], 16);
  ASSERT_EQ(tasks["tasks"].size(), 1u);
  EXPECT_EQ(tasks["tasks"][0]["name"], "invert");
  const Json& settings = tasks["tasks"][0]["settings"];
  ASSERT_EQ(settings.size(), 2u) << settings;
  EXPECT_EQ(settings[0], (Json{{"name", "steps"}, {"standard", "300"}, {"meaning", "steps of Adam on z"}, {"whole", true}, {"least", 1.0}, {"most", 1e6}}));

  const std::string one = apps::get(port_, "/sample?seed=3&count=4").body;
  EXPECT_EQ(picture_in(one).width, 2 * 2 * 16 + 3 * 2);   // two columns, enlarged twice, 2 pixels between
  EXPECT_EQ(apps::get(port_, "/sample?seed=3&count=4").body, one);
  EXPECT_NE(apps::get(port_, "/sample?seed=4&count=4").body, one);
  // The same pictures as the verb draws.
  ASSERT_EQ(run({"sample", "run", "-n", "4", "--seed", "3", "--out", "same.png"}).status, 0);
  EXPECT_EQ(get("same.png"), one);
  // On the way to other noise: its ends are the two seeds', its middle is neither.
  EXPECT_EQ(apps::get(port_, "/sample?seed=3&to=4&at=0&count=4").body, one);
  EXPECT_EQ(picture_in(apps::get(port_, "/sample?seed=3&to=4&at=1&count=4").body).pixels, picture_in(apps::get(port_, "/sample?seed=4&count=4").body).pixels);
  EXPECT_NE(apps::get(port_, "/sample?seed=3&to=4&at=0.5&count=4").body, one);
  EXPECT_NE(apps::get(port_, "/sample?seed=3&truncation=0.2&count=4").body, one);
  EXPECT_EQ(apps::get(port_, "/sample?interpolate=slerp&rows=2&steps=4").status, 200);
  EXPECT_EQ(apps::get(port_, "/sample?traverse=5&rows=2&steps=4").status, 200);

  refuses(apps::get(port_, "/sample?count=65"), 400, {"count=65", "from 1 to 64"});
  refuses(apps::get(port_, "/sample?seed=x"), 400, {"seed=x", "whole number"});
  refuses(apps::get(port_, "/sample?speed=1"), 400, {"speed", "seed", "count"});
  refuses(apps::get(port_, "/sample?rows=3"), 400, {"rows"});
  refuses(apps::get(port_, "/sample?interpolate=linear&count=4"), 400, {"count", "rows"});
  refuses(apps::get(port_, "/sample?at=0.5"), 400, {"at", "to"});
  refuses(apps::get(port_, "/sample?classes=true&interpolate=linear"), 400, {"classes", "interpolate", "one of them"});
  refuses(apps::get(port_, "/sample?class=1"), 400, {"no classes"});
  refuses(apps::get(port_, "/sample?traverse=6"), 400, {"6", "from 0 to 5"});
  EXPECT_EQ(ended_by(SIGINT), 0);
}

TEST_F(Serve, TranslatesWhatIsSent) {
  serve_translations();
  const Json about = Json::parse(apps::get(port_, "/tasks").body);
  EXPECT_EQ(about["tasks"][0]["name"], "translate");
  EXPECT_EQ(about["tasks"][0]["settings"][0]["name"], "from");
  EXPECT_EQ(about["tasks"][0]["settings"][0]["options"][0], "picture");

  // White and black are translated differently; the same twice gives the same; another seed, other dropout.
  const Answer white = post(port_, "/apply/translate?seed=5", png_of(16, 16, 255));
  ASSERT_EQ(white.status, 200) << white.body;
  EXPECT_NE(white.head.find("Content-Type: image/png"), white.head.npos);
  EXPECT_EQ(picture_in(white.body).width, 16);
  EXPECT_EQ(post(port_, "/apply/translate?seed=5", png_of(16, 16, 255)).body, white.body);
  EXPECT_NE(post(port_, "/apply/translate?seed=6", png_of(16, 16, 255)).body, white.body);
  EXPECT_NE(post(port_, "/apply/translate?seed=5", png_of(16, 16, 0)).body, white.body);
  EXPECT_EQ(picture_in(post(port_, "/apply/translate", png_of(21, 35, 9)).body).width, 35);   // of any size
  // The verb gives the same bytes.
  put("white.png", png_of(16, 16, 255));
  ASSERT_EQ(run({"apply", "run", "translate", "white.png", "--seed", "5", "--out", "out"}).status, 0);
  EXPECT_EQ(get("out/white.png"), white.body);

  const Json all = Json::parse(post(port_, "/apply/translate?count=3&format=json", png_of(16, 16, 255)).body);
  ASSERT_EQ(all["results"].size(), 3u);
  EXPECT_EQ(all["results"][2]["name"], "picture_3");
  EXPECT_EQ(all["results"][2]["frames"].size(), 1u);
  EXPECT_NE(post(port_, "/apply/translate?count=3&result=picture_2", png_of(16, 16, 255)).body, post(port_, "/apply/translate?count=3", png_of(16, 16, 255)).body);
  refuses(post(port_, "/apply/translate?result=nine", png_of(16, 16, 255)), 400, {"result=nine", "picture"});
  // What is lost of an input is said.
  EXPECT_FALSE(all.contains("notes"));
  EXPECT_EQ(white.head.find("Ganymede-Note"), white.head.npos);
  data::write_animation((folder_ / "moving.png").string(), {data::Picture(16, 16, 3, 255), data::Picture(16, 16, 3, 0)}, 10);
  const std::string moving = get("moving.png"), said = "picture is animated, its first picture is read";
  EXPECT_NE(post(port_, "/apply/translate", moving).head.find("Ganymede-Note: " + said), std::string::npos);
  EXPECT_EQ(Json::parse(post(port_, "/apply/translate?format=json", moving).body)["notes"], Json{said});
  // Two pictures make a pair.
  const Answer score = post_form(port_, "/apply/score", {{"input", png_of(16, 16, 255)}, {"result", png_of(16, 16, 0)}});
  EXPECT_EQ(score.status, 200) << score.body;
  EXPECT_EQ(Json::parse(apps::get(port_, "/examples").body)["pictures"].size(), 6u);
  EXPECT_EQ(apps::get(port_, "/sample").status, 200);
  EXPECT_EQ(ended_by(SIGTERM), 0);
}

// Label maps: the page is told what can be painted. A map of the numbers in the data's files and one in the colours shown are the same, and the data may be gone.
TEST_F(Serve, PaintsLabelMaps) {
  data::Picture map(16, 16, 1, 4), shown(16, 16, 3);
  data::Picture picture(16, 16, 3, 250);
  for (size_t i = 0; i < 128; ++i) map.pixels[i] = 9, picture.pixels[3 * i] = picture.pixels[3 * i + 1] = picture.pixels[3 * i + 2] = 10;
  for (const char* name : {"1.png", "2.png"}) {
    const auto a = data::encode_png(map), b = data::encode_png(picture);
    put(std::string("set/A/") + name, {a.begin(), a.end()}), put(std::string("set/B/") + name, {b.begin(), b.end()});
  }
  put("set/classes.txt", "4 grass\n9 sky\n0 nothing\n");
  start({"train", "spade", "--out", "run", "--data", "labels:set", "--size", "16", "--set", "width=4", "--set", "rate_g=0.02", "--batch", "2", "--threads", "1", "--steps", "12"});
  std::filesystem::remove_all(folder_ / "set");
  const Json palette = Json::parse(apps::get(port_, "/tasks").body)["palette"];
  ASSERT_EQ(palette.size(), 3u);
  EXPECT_EQ(palette[0]["name"], "grass");
  EXPECT_EQ(palette[2]["colour"], "#000000");
  EXPECT_NE(palette[0]["colour"], "#040404");   // that nobody could tell from black
  for (size_t i = 0; i < 256; ++i)
    for (size_t c = 0; c < 3; ++c) shown.pixels[3 * i + c] = static_cast<uint8_t>(std::stoi(palette[map.pixels[i] == 4 ? 0 : 1]["colour"].get<std::string>().substr(1 + 2 * c, 2), nullptr, 16));
  const auto bytes = [](const data::Picture& p) {
    const auto b = data::encode_png(p);
    return std::string(b.begin(), b.end());
  };
  const Answer by_number = post(port_, "/apply/translate", bytes(map)), by_colour = post(port_, "/apply/translate", bytes(shown));
  ASSERT_EQ(by_number.status, 200) << by_number.body;
  EXPECT_EQ(by_number.body, by_colour.body);
  EXPECT_NE(by_number.body, post(port_, "/apply/translate", png_of(16, 16, 0)).body);
}

TEST_F(Serve, BrushesOfMeaningsAreForMapsThatGoIn) {
  const Words maps{"train", "pix2pix", "--out", "run", "--data", "shapes:pairs,from=labels,count=8", "--size", "16", "--set", "width=4", "--batch", "1", "--threads", "1", "--steps", "1"};
  Words back = maps;
  back.insert(back.end(), {"--set", "direction=BtoA"});
  start(maps);
  EXPECT_EQ(Json::parse(apps::get(port_, "/tasks").body)["palette"].size(), 10u);
  EXPECT_EQ(ended_by(SIGTERM), 0);
  std::filesystem::remove_all(folder_ / "run"), std::filesystem::remove(folder_ / "said");
  start(back);
  EXPECT_FALSE(Json::parse(apps::get(port_, "/tasks").body).contains("palette"));
}

// What there is to set is known before a task has run: scale and noise of every task of a picture's pyramid.
TEST_F(Serve, ScaleAndNoiseOfAPyramid) {
  data::Picture p(28, 36, 3);
  for (size_t i = 0; i < p.pixels.size(); ++i) p.pixels[i] = uint8_t(128 + 100 * std::sin(double(i) * 0.05));
  const auto bytes = data::encode_png(p);
  const std::string file(bytes.begin(), bytes.end());
  put("p.png", file);
  start({"train", "singan", "--out", "run", "--data", "image:p.png", "--set", "width=4", "--set", "iterations=1", "--threads", "1"});
  const Json about = Json::parse(apps::get(port_, "/tasks").body);
  for (const Json& task : about["tasks"]) {
    std::map<std::string, Json> settings;
    for (const Json& s : task["settings"]) settings[s["name"]] = s;
    const std::string name = task["name"];
    EXPECT_EQ(settings.count("noise"), name == "animation" ? 0u : 1u) << name;
    if (name == "size" || name == "super-resolution") continue;
    ASSERT_EQ(settings.count("scale"), 1u) << name;
    EXPECT_EQ(settings["scale"]["least"], -1) << name;
    EXPECT_EQ(settings["scale"]["most"], 2) << name;
  }
  const auto painted = [&](const std::string& query) { return post(port_, "/apply/paint?" + query, file).body; };
  EXPECT_EQ(painted("scale=1&noise=0&seed=1"), painted("scale=1&noise=0&seed=2"));
  EXPECT_NE(painted("scale=1&noise=10&seed=1"), painted("scale=1&noise=10&seed=2"));
  EXPECT_NE(painted("scale=2&noise=0"), painted("scale=1&noise=0"));
  EXPECT_EQ(ended_by(SIGINT), 0);
}

TEST_F(Serve, RefusesWhatItCannotUse) {
  serve_translations({"--pixels", "1000", "--bytes", "20000"});
  const std::string good = png_of(16, 16, 255);
  refuses(apps::get(port_, "/nothing"), 404, {"/tasks", "/sample"});
  refuses(apps::get(port_, "/../run/run.json"), 404, {});
  refuses(apps::get(port_, "/%2e%2e/run/run.json"), 404, {});
  refuses(apps::get(port_, "/" + std::string(5000, 'a')), 404, {"no such page"});
  refuses(apps::get(port_, "/" + std::string(9000, 'a')), 414, {"too long"});
  refuses(apps::get(port_, "/apply/translate"), 405, {"POST"});
  refuses(post(port_, "/tasks", good), 405, {"GET"});
  refuses(request(port_, "DELETE", "/tasks"), 405, {"DELETE", "GET and POST"});
  refuses(request(port_, "OPTIONS", "/apply/translate", "", "Origin: http://127.0.0.1:" + std::to_string(port_) + "\r\n"), 405, {"OPTIONS"});
  refuses(post(port_, "/nothing", good), 404, {"/apply/TASK"});
  refuses(post(port_, "/apply/fly", good), 400, {"unknown task fly", "translate, score"});
  refuses(post(port_, "/apply/..%2f..%2fetc%2fpasswd", good), 400, {"unknown task"});
  refuses(post(port_, "/apply/translate?from=the_sky", good), 400, {"from=the_sky", "picture"});
  refuses(post(port_, "/apply/translate?speed=1", good), 400, {"speed"});
  refuses(post(port_, "/apply/translate?count=65", good), 400, {"count=65", "from 1 to 64"});
  refuses(post(port_, "/apply/translate?format=gif", good), 400, {"gif", "png or json"});
  // Pictures: none, none that can be read, cut off, too many pixels, too many bytes, a number that the task does not take.
  refuses(request(port_, "POST", "/apply/translate"), 400, {"at least 1", "not 0"});
  refuses(post(port_, "/apply/translate", "hello"), 400, {"PNG", "JPEG"});
  refuses(post(port_, "/apply/translate", "GIF89a......"), 400, {"GIF"});
  refuses(post(port_, "/apply/translate", good.substr(0, good.size() - 9)), 400, {"truncated PNG"});
  refuses(post(port_, "/apply/translate", png_of(40, 26, 1)), 413, {"26x40", "1040", "1000"});
  refuses(post(port_, "/apply/translate", std::string(20001, 'x')), 413, {"too large", "20000"});
  refuses(post(port_, "/apply/translate", std::string(3'000'000, 'x')), 413, {"too large", "20000"});
  refuses(post_form(port_, "/apply/score", {{"input", good}}), 400, {"at least 2", "not 1"});
  refuses(post_form(port_, "/apply/score", std::vector<std::pair<std::string, std::string>>(17, {"picture", good})), 413, {"17", "16"});
  refuses(post_form(port_, "/apply/score", {{"in\"put<b>", good}, {"result", png_of(16, 17, 1)}}), 400, {"16x16", "17x16"});
  refuses(request(port_, "POST", "/apply/translate", "5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 411, {"Content-Length"});
  refuses(request(port_, "POST", "/apply/translate", good, "Content-Encoding: gzip\r\n"), 415, {"Content-Encoding"});
  // Other sites' pages, by name (DNS rebinding) or by request.
  refuses(request(port_, "GET", "/tasks", "", "Host: evil.example:80\r\n"), 403, {"evil.example", "--host"});
  refuses(request(port_, "GET", "/tasks", "", "Host: localhost.evil.example\r\n"), 403, {"localhost.evil.example"});
  refuses(send_bytes(port_, "GET /tasks HTTP/1.1\r\n\r\n"), 403, {"(none)"});
  refuses(request(port_, "POST", "/apply/translate", good, "Origin: http://evil.example\r\n"), 403, {"other sites"});
  refuses(request(port_, "GET", "/sample", "", "Sec-Fetch-Site: cross-site\r\n"), 403, {"other sites"});
  EXPECT_EQ(request(port_, "GET", "/tasks", "", "Host: LocalHost:1\r\n").status, 200);
  EXPECT_EQ(request(port_, "GET", "/tasks", "", "Host: [::1]:9\r\n").status, 200);
  EXPECT_EQ(request(port_, "POST", "/apply/translate", good, "Origin: http://127.0.0.1:" + std::to_string(port_) + "\r\n").status, 200);
  // Not HTTP at all.
  EXPECT_NE(send_bytes(port_, "\x16\x03\x01 hello\r\n\r\n").status, 200);
  EXPECT_EQ(post(port_, "/apply/translate", good).status, 200);   // and it still serves

  // The port is in use; nothing was written into the run by all this.
  refused(1, {"serve", "run", "--port", std::to_string(port_)}, {"port " + std::to_string(port_), "in use", "--port"});
  EXPECT_EQ(ended_by(SIGTERM), 0);
}

TEST_F(Serve, ServesEightClientsAtOnce) {
  serve_translations();
  const std::string white = png_of(16, 16, 255), black = png_of(16, 16, 0);
  const std::string of_white = post(port_, "/apply/translate?seed=5", white).body, of_black = post(port_, "/apply/translate?seed=7", black).body;
  std::vector<std::future<int>> clients;
  for (int k = 0; k < 8; ++k)
    clients.push_back(std::async(std::launch::async, [&, k] {
      int right = 0;
      for (int i = 0; i < 10; ++i) right += (k % 2 ? post(port_, "/apply/translate?seed=7", black).body == of_black : post(port_, "/apply/translate?seed=5", white).body == of_white);
      return right;
    }));
  for (auto& c : clients) EXPECT_EQ(c.get(), 10);
  EXPECT_EQ(ended_by(SIGTERM), 0);
}

TEST_F(Serve, TellsClientsToComeBackWhenTooManyWait) {
  serve_samples({"--waiting", "1"});
  const std::string picture = png_of(16, 16, 100);
  std::vector<std::future<Answer>> clients;
  for (int k = 0; k < 8; ++k) clients.push_back(std::async(std::launch::async, [&] { return post(port_, "/apply/invert?steps=60", picture); }));
  int served = 0, busy = 0;
  for (auto& c : clients) {
    const Answer a = c.get();
    served += a.status == 200;
    if (a.status != 429) continue;
    ++busy;
    refuses(a, 429, {"wait for the model", "try again"});
    EXPECT_NE(a.head.find("Retry-After: 1"), a.head.npos);
  }
  EXPECT_EQ(served + busy, 8);
  EXPECT_GE(served, 1);   // all may have come before the first was taken up: then only one could wait
  EXPECT_GE(busy, 1);
  EXPECT_EQ(apps::get(port_, "/tasks").status, 200);

  // The end does not wait for those that wait: they are told.
  auto slow = std::async(std::launch::async, [&] { return post(port_, "/apply/invert?steps=200", picture); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(ended_by(SIGINT), 0);
  const int last = slow.get().status;
  EXPECT_TRUE(last == 200 || last == 503) << last;
}

TEST_F(Serve, RefusesToStart) {
  refused(2, {"serve", "nothing", "--port", "0"}, {"nothing"});
  refused(2, {"serve", "nothing", "--port", "65536"}, {"65536"});
  refused(1, {"serve", "nothing", "--port", "0", "--host", "198.51.100.7"}, {"198.51.100.7", "no such address"});
  refused(1, {"serve", "nothing", "--port", "0", "--host", "no.such.name.invalid"}, {"no.such.name.invalid"});
}

}  // namespace
}  // namespace ganymede::apps
