// The kernels are compiled twice, for cuda and for sim, and one program links both. A function that both
// libraries define under one name would be taken from either of them, so they must share none.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "tests/support/places.h"

namespace {

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return {};
  std::string output;
  std::array<char, 65536> part;
  while (const size_t got = fread(part.data(), 1, part.size(), pipe)) output.append(part.data(), got);
  return pclose(pipe) == 0 ? output : std::string();
}

// Mangled name -> kind, of what a library defines for others: weak symbols included, local ones not.
std::map<std::string, char> exported(const std::string& library) {
  std::map<std::string, char> symbols;
  const std::string text = output_of("nm --defined-only '" + library + "'");
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end - begin);   // address kind name
    const size_t space = line.find(' ');
    if (space == std::string::npos || space + 3 >= line.size() || line[space + 2] != ' ') continue;
    const char kind = line[space + 1];
    if (std::string("TDBRVWui").find(kind) != std::string::npos) symbols[line.substr(space + 3)] = kind;
  }
  return symbols;
}

// What the compiler and the standard library put into every object alike.
bool harmless(const std::string& name, const std::set<std::string>& ours) {
  if (ours.count(name)) return false;
  return name.starts_with("_ZNSt") || name.starts_with("_ZNKSt") || name.starts_with("_ZSt") ||
         name.starts_with("_ZTISt") || name.starts_with("_ZTSSt") || name.starts_with("_ZTVSt") ||
         name.starts_with("_ZNS") || name.starts_with("_ZN9__gnu_cxx") || name.starts_with("_ZN6__pstl") ||
         name.starts_with("DW.ref.") || name.starts_with("_ZZNSt") || name.starts_with("_ZGV");
}

// Shared names that may come from either library with different meaning.
std::set<std::string> clashes(const std::map<std::string, char>& a, const std::map<std::string, char>& b) {
  std::set<std::string> ours, result;
  for (const auto* symbols : {&a, &b}) {
    for (const auto& [name, kind] : *symbols) {
      if (name.find("ganymede") != std::string::npos) ours.insert(name);
    }
  }
  for (const auto& [name, kind] : a) {
    if (b.count(name) && !harmless(name, ours)) result.insert(std::string(1, kind) + " " + name);
  }
  return result;
}

std::string library(const std::string& device) {
  return ganymede::test::binary_dir() + "/kernels/libganymede_kernels_" + device + ".a";
}

void expect_no_clash(const std::string& first, const std::string& second) {
  const auto a = exported(library(first)), b = exported(library(second));
  ASSERT_GT(a.size(), 20u) << "nm read nothing from " << library(first);
  ASSERT_GT(b.size(), 20u) << "nm read nothing from " << library(second);
  for (const auto& name : clashes(a, b))
    ADD_FAILURE() << first << " and " << second << " both define " << name;
}

TEST(Symbols, ClashesAreFound) {
  const std::map<std::string, char> a{{"_ZN8ganymede7kernels3addEi", 'W'},
                                      {"_ZN8ganymede7kernels3sim3addEi", 'T'},
                                      {"_ZNSt6vectorIfSaIfEE9push_backERKf", 'W'},
                                      {"helper", 'T'},
                                      {"_ZNSt6vectorIN8ganymede5ShapeEE5clearEv", 'W'}};
  auto b = a;
  b.erase("_ZN8ganymede7kernels3sim3addEi");
  EXPECT_EQ(clashes(a, b), (std::set<std::string>{"W _ZN8ganymede7kernels3addEi", "T helper",
                                                  "W _ZNSt6vectorIN8ganymede5ShapeEE5clearEv"}));
}

TEST(Symbols, CpuAndSimShareNone) { expect_no_clash("cpu", "sim"); }

TEST(Symbols, SimAndCudaShareNone) {
  if (!std::filesystem::exists(library("cuda"))) GTEST_SKIP() << "this build has no cuda device";
  expect_no_clash("sim", "cuda");
  expect_no_clash("cpu", "cuda");
}

}  // namespace
