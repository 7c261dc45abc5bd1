# cpack -G DEB: ganymede (the program) and libganymede-dev (libraries, headers, CMake package). scripts/package.sh runs it on
# a build that is not tuned for one machine.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ganymede)
set(CPACK_PACKAGE_VENDOR "The Ganymede authors")
set(CPACK_PACKAGE_CONTACT "The Ganymede authors <ganymede@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "trains generative adversarial networks, without Python")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME ganymede)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS dataset-fashion-mnist)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
  "A deep-learning engine of its own, for the CPU and NVIDIA GPUs: trains, resumes, samples and reports.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libganymede-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libdnnl-dev, ocl-icd-opencl-dev, libboost-context1.74-dev, nlohmann-json3-dev, zlib1g-dev, libcpp-httplib-dev, libonnx-dev, libprotobuf-dev, pkg-config, libgomp1")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
  "Static libraries and headers of Ganymede: tensors, derivatives of any order, layers, recipes of networks.")
include(CPack)
