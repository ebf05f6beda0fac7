# Compiles through ccache where it is installed. Paths are stored relative to the checkout, so that a second clone
# profits from the first; the sloppiness is what ccache asks for where headers are precompiled.

find_program(CREMA_CCACHE ccache)
mark_as_advanced(CREMA_CCACHE)

if(CREMA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
    CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros
    ${CREMA_CCACHE})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()
