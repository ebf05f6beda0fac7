# Finds the C++ Actor Framework; its 0.17 series brings no CMake package of its own.
#
#   find_package(CAF 0.17.6...<0.18 REQUIRED COMPONENTS core io)
#
# defines CAF::core, CAF::io and CAF::openssl, those that were asked for. Being imported, their headers are system
# headers and give no warnings. CAF_ROOT names a place to look first.

find_package(Threads REQUIRED)

find_path(CAF_INCLUDE_DIR caf/config.hpp)
mark_as_advanced(CAF_INCLUDE_DIR)

# The header says 1706 for 0.17.6.
if(CAF_INCLUDE_DIR)
  file(STRINGS ${CAF_INCLUDE_DIR}/caf/config.hpp CAF_VERSION REGEX "^#define CAF_VERSION [0-9]+$")
  string(REGEX REPLACE "[^0-9]" "" CAF_VERSION "${CAF_VERSION}")
  math(EXPR caf_major "${CAF_VERSION} / 10000")
  math(EXPR caf_minor "${CAF_VERSION} / 100 % 100")
  math(EXPR caf_patch "${CAF_VERSION} % 100")
  set(CAF_VERSION ${caf_major}.${caf_minor}.${caf_patch})
endif()

if(NOT CAF_FIND_COMPONENTS)
  set(CAF_FIND_COMPONENTS core)
endif()

foreach(component IN LISTS CAF_FIND_COMPONENTS)
  find_library(CAF_${component}_LIBRARY caf_${component})
  mark_as_advanced(CAF_${component}_LIBRARY)
  if(CAF_${component}_LIBRARY)
    set(CAF_${component}_FOUND TRUE)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF
  REQUIRED_VARS CAF_INCLUDE_DIR
  VERSION_VAR CAF_VERSION
  HANDLE_VERSION_RANGE
  HANDLE_COMPONENTS
  REASON_FAILURE_MESSAGE "on Debian and Ubuntu: apt-get install libcaf-dev")

if(CAF_FOUND)
  foreach(component IN LISTS CAF_FIND_COMPONENTS)
    if(CAF_${component}_FOUND AND NOT TARGET CAF::${component})
      add_library(CAF::${component} UNKNOWN IMPORTED)
      set_target_properties(CAF::${component} PROPERTIES
        IMPORTED_LOCATION ${CAF_${component}_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR}
        INTERFACE_LINK_LIBRARIES Threads::Threads)
    endif()
  endforeach()

  foreach(component IN ITEMS io openssl)
    if(TARGET CAF::${component} AND TARGET CAF::core)
      target_link_libraries(CAF::${component} INTERFACE CAF::core)
    endif()
  endforeach()
endif()
