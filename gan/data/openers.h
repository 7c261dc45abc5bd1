#pragma once

#include <memory>
#include <string>

#include "gan/data/dataset.h"

// What open_dataset() chooses from. `argument` is what follows the colon of the specification.
namespace ganymede::data {

class Arguments;

std::unique_ptr<Dataset> open_fashion_mnist(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_mnist(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_cifar10(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_folder(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_pairs(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_labels(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_made_pairs(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_products(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_holes(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_halves(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_normal(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_sides(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_unpaired(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_super_resolution(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_super_resolution_pairs(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_super_resolution_unpaired(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_clips(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_celeba(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_cub(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_image(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_mixture(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_shapes(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_shape_products(Arguments& arguments, const Options& options);  // of the task products
std::unique_ptr<Dataset> open_landscapes(const std::string& argument, const Options& options);
std::unique_ptr<Dataset> open_solids(const std::string& argument, const Options& options);

}  // namespace ganymede::data
