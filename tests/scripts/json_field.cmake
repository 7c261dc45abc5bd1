# Prints one value of a JSON file: cmake -D FILE=... -D KEYS="stages;0;status" -P json_field.cmake
file(READ ${FILE} text)
string(JSON value GET "${text}" ${KEYS})
execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${value}")
