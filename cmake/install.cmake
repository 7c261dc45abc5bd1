# cmake --install: the program (component program), and the libraries with their headers and CMake package (component
# development). Other programs say find_package(ganymede) and link ganymede::gan or a layer below it, or ganymede::program.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(layers kernels base engine nn data gan program)
foreach(layer ${layers})
  set_target_properties(ganymede_${layer} PROPERTIES EXPORT_NAME ${layer})
  add_library(ganymede::${layer} ALIAS ganymede_${layer})
endforeach()
set(exported ganymede_kernel_options ganymede_options ganymede_kernels_cpu ganymede_kernels_sim ganymede_kernels ganymede_base ganymede_engine ganymede_nn
  ganymede_data ganymede_gan ganymede_program)
if(GANYMEDE_HAS_CUDA)
  list(APPEND exported ganymede_kernels_cuda)
endif()
if(GANYMEDE_SANITIZE)
  list(APPEND exported ganymede_sanitizers)
endif()

install(TARGETS ganymede RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
if(TARGET ganymede_trace)
  install(TARGETS ganymede_trace LIBRARY DESTINATION lib/ganymede COMPONENT program OPTIONAL)
endif()
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
install(TARGETS ${exported} EXPORT ganymede ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
# Headers keep their folders below include/ganymede, which is the targets' include folder.
foreach(folder kernels/api engine nn gan)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ganymede/${folder}
    COMPONENT development FILES_MATCHING PATTERN "*.h")
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/apps/program.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ganymede/apps COMPONENT development)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/ganymede)
install(EXPORT ganymede NAMESPACE ganymede:: FILE ganymedeTargets.cmake DESTINATION ${package_folder} COMPONENT development)
configure_package_config_file(cmake/ganymedeConfig.cmake.in ${PROJECT_BINARY_DIR}/ganymedeConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ganymedeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ganymedeConfig.cmake ${PROJECT_BINARY_DIR}/ganymedeConfigVersion.cmake
  DESTINATION ${package_folder} COMPONENT development)
