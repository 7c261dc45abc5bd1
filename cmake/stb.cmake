# Debian 12's stb_image (2.27) reads outside of its tables for damaged JPEGs (a symbol that no code stands for, which later versions refuse where
# the copy made here does), shifts by more than 32 bits where more of them were taken than there were, decodes by tables that the file never
# defined (zeroed here, see STBI_MALLOC: codes of no length), and adds differences of blocks up to more than a number holds, which later versions
# refuse, too. Of a PNG whose first IDAT is empty it copies no bytes to a null pointer.
find_path(STB_INCLUDE_DIR stb/stb_image.h REQUIRED)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${STB_INCLUDE_DIR}/stb/stb_image.h")
file(READ "${STB_INCLUDE_DIR}/stb/stb_image.h" stb_image)
string(REPLACE "   STBI_ASSERT((((j->code_buffer) >> (32 - h->size[c]))" "   if (c < 0 || c >= 256) return -1;\n   STBI_ASSERT((((j->code_buffer) >> (32 - h->size[c]))"
       stb_image "${stb_image}")
string(REPLACE "stbi__grow_buffer_unsafe(stbi__jpeg *j)\n{\n" "stbi__grow_buffer_unsafe(stbi__jpeg *j)\n{\n   if (j->code_bits < 0) j->code_bits = 0;\n" stb_image "${stb_image}")
string(REPLACE "int s = h->size[k];\n      if (s > j->code_bits)" "int s = h->size[k];\n      if (s == 0 || s > j->code_bits)" stb_image "${stb_image}")
string(REPLACE "dc = j->img_comp[b].dc_pred + diff;" "dc = j->img_comp[b].dc_pred + diff;\n   if (dc < -32768 || dc > 32767) return stbi__err(\"bad delta\",\"Corrupt JPEG\");"
       stb_image "${stb_image}")
string(REPLACE "if (!stbi__getn(s, z->idata+ioff,c.length))" "if (c.length > 0 && !stbi__getn(s, z->idata+ioff,c.length))" stb_image "${stb_image}")
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/generated/stb/stb_image.h" CONTENT "${stb_image}" @ONLY)
