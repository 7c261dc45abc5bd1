#include "apps/serve_answer.h"

#include <nlohmann/json.hpp>

#include "engine/check.h"
#include "gan/data/grid.h"
#include "gan/data/png.h"
#include "gan/run/html.h"

namespace ganymede::apps {
namespace {

using Json = nlohmann::ordered_json;

std::string png_of(const data::Picture& picture) {
  const std::vector<uint8_t> bytes = data::encode_png(picture);
  return {bytes.begin(), bytes.end()};
}

Json in_base64(const std::vector<data::Picture>& pictures) {
  Json all = Json::array();
  for (const data::Picture& p : pictures) all.push_back(run::base64(png_of(p)));
  return all;
}

}  // namespace

void answer_png(httplib::Response& res, const data::Picture& picture) { res.set_content(png_of(picture), "image/png"); }

void answer_pictures(httplib::Response& res, const std::vector<data::Picture>& pictures) { res.set_content(Json{{"pictures", in_base64(pictures)}}.dump(), "application/json"); }

void answer_json(httplib::Response& res, const std::vector<Result>& results, const std::vector<std::string>& notes, double milliseconds) {
  Json all = Json::array();
  for (const Result& r : results) {
    Json one{{"name", r.name}, {"frames", in_base64(r.frames)}};
    if (r.frames_per_second > 0) one["frames_per_second"] = r.frames_per_second;
    if (!r.json.empty()) one["json"] = Json::parse(r.json);
    all.push_back(std::move(one));
  }
  Json answer{{"milliseconds", milliseconds}, {"results", std::move(all)}};
  if (!notes.empty()) answer["notes"] = notes;
  res.set_content(answer.dump(), "application/json");
}

void answer_result(httplib::Response& res, const std::vector<Result>& results, const std::string& name) {
  std::string names;
  for (const Result& r : results) {
    names += (names.empty() ? "" : ", ") + r.name;
    if (!name.empty() && r.name != name) continue;
    if (r.frames.empty()) return res.set_content(r.json + "\n", "application/json");
    return answer_png(res, r.frames.size() == 1 ? r.frames[0] : data::grid(r.frames));
  }
  throw UsageError(name.empty() ? "the task made nothing" : "setting result=" + name + ": there " + (names.empty() ? "is none" : "are " + names));
}

}  // namespace ganymede::apps
