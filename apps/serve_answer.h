// Results as the bodies of answers.
#pragma once
#include <httplib.h>

#include <string>
#include <vector>

#include "gan/use.h"

namespace ganymede::apps {

void answer_png(httplib::Response& res, const data::Picture& picture);
// {"pictures": [PNG in base64, ...]}
void answer_pictures(httplib::Response& res, const std::vector<data::Picture>& pictures);
// Everything: {"milliseconds": of the model, "results": [{"name", "frames_per_second", "frames": [PNG in base64, ...], "json"}, ...], and, if there are any, "notes": [what was lost of an input]}.
void answer_json(httplib::Response& res, const std::vector<Result>& results, const std::vector<std::string>& notes, double milliseconds);
// One result as PNG, an animation as a sheet of its frames, numbers as JSON: the one named, or the first without a name.
void answer_result(httplib::Response& res, const std::vector<Result>& results, const std::string& name);

}  // namespace ganymede::apps
