// The table of docs/ops.md: a row for each case with its measured errors.
#pragma once
#include <string>
#include <vector>

#include "tests/support/op_case.h"

namespace ganymede::test {

// Markdown, header included. cuda is "not run" where there is no card.
std::string certificate(const std::vector<OpCase>& cases);

// The text between the lines `<!-- begin NAME -->` and `<!-- end NAME -->` of a page; throws if they are not there.
std::string read_section(const std::string& page, const std::string& name);
void write_section(const std::string& page, const std::string& name, const std::string& text);

// With GANYMEDE_WRITE_DOCS set in the environment writes the table into the page's section. Returns "" or which case the
// page lacks or has too many: figures differ between machines, the list of ops does not.
std::string check_certificate(const std::string& page, const std::string& section, const std::vector<OpCase>& cases);

}  // namespace ganymede::test
