// Pictures that come with a request: bounded in bytes, in pixels and in number before anything is decoded.
#pragma once
#include <httplib.h>

#include <string>
#include <vector>

#include "apps/serve_http.h"
#include "engine/check.h"

namespace ganymede::apps {

// A request that cannot be answered, with the status that says why.
struct Refused : Error {
  Refused(int status, const std::string& what) : Error(what), status(status) {}
  int status;
};

struct UploadedFile {
  std::string name;   // of the part, for messages and results only
  std::vector<uint8_t> bytes;
};

// The body as one file, or the files of multipart/form-data in their order. Reads to the end what is too large, so that the
// sender gets to see the answer, but keeps none of it.
std::vector<UploadedFile> read_upload(const httplib::Request& req, const httplib::ContentReader& reader, const ServeLimits& limits);
struct DecodedUpload {
  std::vector<NamedPicture> pictures;
  std::vector<std::string> notes;   // what was lost on the way: "a.png is animated, its first picture is read"; the answer
                                    // gives them as "notes" or, beside a PNG, in headers Ganymede-Note
};
// Refused with 400 for what is no PNG, JPEG or BMP picture, with 413 for too many pixels.
DecodedUpload decoded(std::vector<UploadedFile>& files, const ServeLimits& limits);

}  // namespace ganymede::apps
