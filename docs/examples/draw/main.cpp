// A trained generator inside another program: opens a run folder and draws a sheet of pictures.
//   draw RUN SEED FILE.png
#include <gan/data/png.h>
#include <gan/pictures.h>
#include <gan/trained.h>

#include <iostream>
#include <string>

int main(int argc, char** argv) try {
  if (argc != 4) return std::cerr << "draw RUN SEED FILE.png\n", 2;
  const auto model = ganymede::open_trained({.folder = argv[1]}, std::cerr);
  const ganymede::Tensor pictures = model->trainer().sample(16, std::stoull(argv[2]));   // [16, H, W, C] in [-1, 1]
  ganymede::data::write_png(argv[3], ganymede::sheet(pictures));
} catch (const std::exception& wrong) {
  return std::cerr << "draw: " << wrong.what() << "\n", 1;
}
