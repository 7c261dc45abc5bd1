#include "apps/serve_upload.h"

#include "gan/data/picture_file.h"

namespace ganymede::apps {
namespace {

std::string readable(const std::string& name) {
  std::string out;
  for (const char c : name.substr(0, 32)) out += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ' ' ? c : '_';
  return out.empty() ? "picture" : out;
}

}  // namespace

std::vector<UploadedFile> read_upload(const httplib::Request& req, const httplib::ContentReader& reader, const ServeLimits& limits) {
  std::vector<UploadedFile> files;
  if (!req.has_header("Content-Length") || req.get_header_value("Content-Length") == "0") return files;
  int64_t total = 0, parts = 0;
  const auto keep = [&](const char* data, size_t length) {
    total += int64_t(length);
    if (total > limits.bytes || parts > limits.pictures) {
      files.clear();
      return true;
    }
    std::vector<uint8_t>& bytes = files.back().bytes;
    bytes.insert(bytes.end(), data, data + length);
    return true;
  };
  const auto begin = [&](const std::string& name) {
    if (++parts <= limits.pictures && total <= limits.bytes) files.push_back({readable(name), {}});
    return true;
  };
  bool read;
  if (req.is_multipart_form_data()) {
    read = reader([&](const httplib::MultipartFormData& part) { return begin(part.name); }, keep);
  } else {
    begin("picture");
    read = reader(keep);
  }
  const std::string most = text("at most ", limits.bytes, " bytes");
  if (total > limits.bytes) throw Refused(413, text("the upload is too large: ", most));
  if (parts > limits.pictures) throw Refused(413, text("too many parts: ", parts, "; at most ", limits.pictures));
  if (!read && req.get_header_value<uint64_t>("Content-Length") > uint64_t(limits.bytes))
    throw Refused(413, text("the upload is too large: ", req.get_header_value("Content-Length"), " bytes; ", most));
  if (!read) throw Refused(400, "the upload ends early, or is no form that can be understood");
  return files;
}

DecodedUpload decoded(std::vector<UploadedFile>& files, const ServeLimits& limits) {
  DecodedUpload upload;
  for (UploadedFile& f : files) {
    try {
      const data::PictureInfo info = data::picture_info(f.name, f.bytes, data::Check::header);
      if (info.height * info.width > limits.pixels)
        throw Refused(413, text(f.name, ": ", info.width, "x", info.height, " has ", info.height * info.width, " pixels; at most ", limits.pixels, ": scale it down, or start the server with --pixels"));
      if (const std::string lost = data::picture_info(f.name, f.bytes, data::Check::whole).reduced; !lost.empty()) upload.notes.push_back(f.name + " is " + lost);
      upload.pictures.push_back({f.name, data::decode_picture(f.name, std::move(f.bytes))});
    } catch (const Refused&) {
      throw;
    } catch (const Error& e) {
      throw Refused(400, e.what());
    }
  }
  return upload;
}

}  // namespace ganymede::apps
