# Debian 12's stb_image (2.27) reads outside of its tables for some damaged JPEGs: a symbol that no code stands for. Later versions refuse it
# where the copy made here does.
find_path(STB_INCLUDE_DIR stb/stb_image.h REQUIRED)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${STB_INCLUDE_DIR}/stb/stb_image.h")
file(READ "${STB_INCLUDE_DIR}/stb/stb_image.h" stb_image)
string(REPLACE "   STBI_ASSERT((((j->code_buffer) >> (32 - h->size[c]))" "   if (c < 0 || c >= 256) return -1;\n   STBI_ASSERT((((j->code_buffer) >> (32 - h->size[c]))"
       stb_image "${stb_image}")
string(REPLACE "      j->code_bits -= 16;\n      return -1;" "      j->code_bits = 0;\n      return -1;" stb_image "${stb_image}")  # shifts by what is left
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/generated/stb/stb_image.h" CONTENT "${stb_image}" @ONLY)
