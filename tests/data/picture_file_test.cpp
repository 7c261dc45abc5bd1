#include "engine/check.h"
#include "gan/data/apng.h"
#include "gan/data/dataset.h"
#include "gan/data/picture_file.h"
#include "gan/data/png.h"
#include "gan/data/resize.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

std::string png_bytes(const Picture& picture) {
  const std::vector<uint8_t> bytes = encode_png(picture);
  return std::string(bytes.begin(), bytes.end());
}

std::string chunk(const std::string& type, const std::string& body) {
  const std::string data = type + body;
  const uint32_t crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
  return big_endian(static_cast<uint32_t>(body.size())) + data + big_endian(crc);
}

// A PNG with a header of our own making and some compressed bytes.
std::string raw_png(uint32_t width, uint32_t height, int depth, int colour, const std::string& raw) {
  std::string header = big_endian(width) + big_endian(height);
  header += {static_cast<char>(depth), static_cast<char>(colour), 0, 0, 0};
  uLongf size = compressBound(static_cast<uLong>(raw.size()));
  std::string packed(size, 0);
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(raw.data()),
           static_cast<uLong>(raw.size()));
  packed.resize(size);
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", packed) + chunk("IEND", "");
}

std::string little_endian(uint32_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

// 24 bits a pixel, uncompressed, bottom row first.
std::string bmp_bytes(int width, int height) {
  const int line = (width * 3 + 3) / 4 * 4;
  std::string bytes = "BM" + little_endian(54 + line * height, 4) + little_endian(0, 4) +
                      little_endian(54, 4) + little_endian(40, 4) + little_endian(width, 4) +
                      little_endian(height, 4) + little_endian(1, 2) + little_endian(24, 2) +
                      std::string(24, 0);
  for (int y = height - 1; y >= 0; --y) {
    std::string row;
    for (int x = 0; x < width; ++x)
      row += {static_cast<char>(x), static_cast<char>(y), 7};  // blue, green, red
    bytes += row + std::string(static_cast<size_t>(line - 3 * width), 0);
  }
  return bytes;
}

// A grey 8x8 baseline JPEG whose one block has DC difference 0: every pixel is 128.
std::string jpeg_bytes() {
  std::string bytes = "\xff\xd8";
  const auto segment = [&](char code, const std::string& body) {
    bytes += '\xff';
    bytes += code;
    bytes += static_cast<char>((body.size() + 2) >> 8);
    bytes += static_cast<char>(body.size() + 2);
    bytes += body;
  };
  segment('\xdb', std::string(1, 0) + std::string(64, 1));                               // quantisation
  segment('\xc0', std::string("\x08\x00\x08\x00\x08\x01\x01\x11\x00", 9));               // frame
  segment('\xc4', std::string(1, 0) + '\x01' + std::string(15, 0) + std::string(1, 0));  // DC: code 0 is 0
  segment('\xc4',
          std::string(1, '\x10') + '\x01' + std::string(15, 0) + std::string(1, 0));  // AC: end of block
  segment('\xda', std::string("\x01\x01\x00\x00\x3f\x00", 6));                        // scan
  return bytes + '\x3f' + "\xff\xd9";                                                 // bits 0 0, then ones
}

std::string failure(const std::string& bytes, Check check = Check::whole) {
  TemporaryFolder folder;
  const std::string path = (folder / "broken.png").string();
  put(path, bytes);
  const std::string text = error_of([&] {
    picture_info(path, check);
    read_picture(path);
  });
  EXPECT_EQ(text.rfind(path + ": ", 0), 0u) << text;
  return text;
}

Picture decoded(const std::string& bytes) {
  TemporaryFolder folder;
  put(folder / "a", bytes);
  return read_picture((folder / "a").string());
}

}  // namespace

TEST(PictureFile, PngComesBackExactly) {
  TemporaryFolder folder;
  const std::string path = (folder / "a.png").string();
  for (int64_t channels = 1; channels <= 4; ++channels) {
    const Picture picture = sample_picture(13, 17, channels);
    write_png(path, picture);
    const Picture back = read_picture(path);
    EXPECT_EQ(back.channels, channels);
    EXPECT_EQ(back.pixels, picture.pixels);
    for (Check check : {Check::header, Check::whole}) {
      const PictureInfo info = picture_info(path, check);
      EXPECT_EQ(info.height, 13);
      EXPECT_EQ(info.width, 17);
      EXPECT_EQ(info.channels, channels);
    }
  }
}

TEST(PictureFile, SixteenBitsLoseTheLowByte) {
  const std::string raw("\0\x12\x34\xab\xcd", 5);  // filter byte, two grey pixels
  EXPECT_EQ(decoded(raw_png(2, 1, 16, 0, raw)).pixels, (std::vector<uint8_t>{0x12, 0xab}));
}

TEST(PictureFile, SaysWhatReadingLoses) {
  TemporaryFolder folder;
  const auto lost = [&](const std::string& bytes, Check check = Check::whole) {
    put(folder / "a.png", bytes);
    return picture_info((folder / "a.png").string(), check).reduced;
  };
  EXPECT_EQ(lost(png_bytes(sample_picture(3, 3, 4))), "");
  EXPECT_EQ(lost(jpeg_bytes()), "");
  const std::string raw("\0\x12\x34", 3);
  for (Check check : {Check::header, Check::whole}) expect_mentions(lost(raw_png(1, 1, 16, 0, raw), check), {"16 bits"});
  write_animation((folder / "moving.png").string(), {sample_picture(4, 4, 3), sample_picture(4, 4, 3, 9)}, 10);
  expect_mentions(picture_info((folder / "moving.png").string(), Check::whole).reduced, {"animated", "first picture"});
  std::string cmyk = jpeg_bytes();   // four components in its frame header
  cmyk[cmyk.find("\xff\xc0") + 9] = '\4';
  expect_mentions(lost(cmyk, Check::header), {"CMYK"});
  // A folder names the first and counts the rest.
  std::filesystem::create_directory(folder / "set");
  put(folder / "set/1.png", png_bytes(sample_picture(4, 4, 3)));
  for (const char* name : {"2.png", "3.png"}) std::filesystem::copy_file(folder / "moving.png", folder / "set" / name);
  expect_mentions(open_dataset("folder:" + (folder / "set").string())->describe(), {"2.png is animated", "1 more like it"});
  std::filesystem::remove(folder / "set/2.png");
  std::filesystem::remove(folder / "set/3.png");
  EXPECT_EQ(open_dataset("folder:" + (folder / "set").string())->describe().find("animated"), std::string::npos);
  expect_mentions(open_dataset("image:" + (folder / "moving.png").string())->describe(), {"moving.png is animated"});
}

TEST(PictureFile, ReadsJpegAndBmp) {
  const Picture jpeg = decoded(jpeg_bytes());
  EXPECT_EQ(jpeg.height, 8);
  EXPECT_EQ(jpeg.channels, 1);
  EXPECT_EQ(jpeg.pixels, std::vector<uint8_t>(64, 128));
  std::string stuffed = jpeg_bytes();  // FF 00 is a byte of the scan, not a marker
  stuffed.insert(stuffed.size() - 2, std::string("\xff\x00", 2));
  EXPECT_EQ(decoded(stuffed).pixels, jpeg.pixels);
  const Picture bmp = decoded(bmp_bytes(5, 3));
  EXPECT_EQ(bmp.width, 5);
  EXPECT_EQ(bmp.at(2, 4)[0], 7);
  EXPECT_EQ(bmp.at(2, 4)[1], 2);
  EXPECT_EQ(bmp.at(2, 4)[2], 4);
}

TEST(PictureFile, TruncationIsFoundAtEveryLength) {
  const std::string png = png_bytes(sample_picture(3, 3, 3)), jpeg = jpeg_bytes(), bmp = bmp_bytes(4, 2);
  for (const std::string& whole : {png, jpeg, bmp}) {
    for (size_t length = 8; length < whole.size(); ++length) {
      const std::string text = failure(whole.substr(0, length));
      EXPECT_NE(text.find("truncated"), text.npos) << length << " of " << whole.size() << ": " << text;
    }
  }
}

TEST(PictureFile, DamageIsNamed) {
  std::string png = png_bytes(sample_picture(6, 6, 3));
  png[45] ^= 1;
  expect_mentions(failure(png), {"damaged PNG", "checksum"});
  expect_mentions(failure(""), {"the file is empty"});
  expect_mentions(failure("hello, I am text"), {"wrong first bytes"});
  expect_mentions(failure("GIF89a............"), {"GIF", "convert it to PNG"});
  expect_mentions(failure("RIFF....WEBP......"), {"WebP"});
  expect_mentions(failure(raw_png(0, 5, 8, 0, "")), {"0x5", "no pixels"});
  expect_mentions(failure(raw_png(5, 5, 8, 0, "too few")), {"cannot decode"});
  expect_mentions(failure(raw_png(5, 5, 8, 5, "")), {"colour type 5"});
  expect_mentions(failure(std::string("\xff\xd8\xff\xd9", 4)), {"ends before any picture"});
  std::string jpeg = jpeg_bytes();
  jpeg[jpeg.find("\xff\xc4") + 6] = '\xff';  // 255 codes of length 2 beside the one of length 1: still fits
  jpeg[jpeg.find("\xff\xc4") + 7] = '\x02';
  expect_mentions(failure(jpeg), {"Huffman table of 258 codes"});
}

TEST(PictureFile, HugePicturesAreRefusedBeforeDecoding) {
  for (Check check : {Check::header, Check::whole}) {
    expect_mentions(failure(raw_png(1u << 20, 1u << 20, 8, 2, ""), check), {"1048576x1048576", "too large"});
    expect_mentions(failure(raw_png(0x7fffffff, 0x7fffffff, 8, 2, ""), check), {"too large"});
  }
  expect_mentions(failure(raw_png((1u << 14) + 1, 1u << 14, 8, 0, "")), {"16385x16384", "2^28"});
}

TEST(PictureFile, HostileBytesAreRefusedOrDecoded) {
  TemporaryFolder folder;
  const std::string path = (folder / "a.png").string();
  Random random(3);
  int refused = 0, decoded = 0;
  const auto attempt = [&](const std::string& bytes) {
    put(path, bytes);
    try {
      read_picture(path);
      ++decoded;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      ++refused;
    }
  };
  const auto spoiled = [&](std::string bytes) {
    for (int64_t i = random.below(4); i >= 0; --i) {
      bytes[static_cast<size_t>(random.below(static_cast<int64_t>(bytes.size())))] =
          static_cast<char>(random.bits());
    }
    return bytes;
  };
  const std::string png = png_bytes(sample_picture(5, 5, 3));
  const size_t data = png.find("IDAT") + 4, end = png.find("IEND") - 8;
  for (int i = 0; i < 300; ++i) {
    attempt(spoiled(jpeg_bytes()));
    attempt(spoiled(bmp_bytes(5, 3)));
    // Right checksums, wrong content: header and compressed bytes.
    const std::string header = i % 2 ? png.substr(16, 13) : spoiled(png.substr(16, 13));
    const std::string body = i % 2 ? spoiled(png.substr(data, end - data)) : png.substr(data, end - data);
    attempt(png.substr(0, 8) + chunk("IHDR", header) + chunk("IDAT", body) + chunk("IEND", ""));
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(decoded, 100);
}

TEST(PictureFile, MissingFilesAndFoldersAreNamed) {
  TemporaryFolder folder;
  expect_mentions(error_of([&] { read_picture((folder / "none.png").string()); }),
                  {"none.png", "No such file"});
  expect_mentions(error_of([&] { read_picture(folder.path().string()); }), {"is a folder"});
  EXPECT_TRUE(is_picture_name("a/b.JPeG"));
  EXPECT_FALSE(is_picture_name("a.png/readme.txt"));
}

}  // namespace ganymede::data
