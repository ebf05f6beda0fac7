# Passes when PROGRAM does not compile and an error of the compiler contains the text after its "// expect: ".
#
#   cmake -D CXX=g++ -D INCLUDE=. -D PROGRAM=tests/misuse/x.cpp -P tests/misuse/must_not_compile.cmake
#
# Notes and quoted source do not count: what a user reads first is the error.

file(READ ${PROGRAM} text)
if(NOT text MATCHES "// expect: ([^\n]+)")
  message(FATAL_ERROR "${PROGRAM} has no line '// expect: TEXT'")
endif()
set(expected "${CMAKE_MATCH_1}")

execute_process(
  COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${CXX} -std=c++20 -fsyntax-only -I${INCLUDE} ${PROGRAM}
  RESULT_VARIABLE status
  ERROR_VARIABLE output)

if(status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} compiles, but must fail with: ${expected}")
endif()

string(REGEX MATCHALL "error: [^\n]*" errors "${output}")
string(FIND "${errors}" "${expected}" position)
if(position EQUAL -1)
  message(FATAL_ERROR "${PROGRAM} does not fail with: ${expected}\nThe compiler says:\n${output}")
endif()
