# Finds the suites of a test program once it is built, and declares a ctest entry for each, without the tests
# that UNWANTED names, the negative part of a filter. As a script it is that finder.

if(CMAKE_SCRIPT_MODE_FILE)
  execute_process(COMMAND ${PROGRAM} --gtest_list_tests --gtest_filter=*${UNWANTED} WORKING_DIRECTORY ${DIRECTORY}
    OUTPUT_VARIABLE listed RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} --gtest_list_tests: ${status}")
  endif()
  string(REGEX MATCHALL "[^\n]+" lines "${listed}")
  set(suite "")
  foreach(line IN LISTS lines)
    if(line MATCHES "^([^ ]+)\\.( |$)")
      set(suite ${CMAKE_MATCH_1})
      list(APPEND suites ${suite})
    elseif(suite)
      math(EXPR tests_${suite} "0${tests_${suite}} + 1")
    endif()
  endforeach()
  # The largest begin first, so that none is left alone at the end.
  set(declared "")
  foreach(suite IN LISTS suites)
    string(APPEND declared "add_test([==[${suite}]==] [==[${PROGRAM}]==] [==[--gtest_filter=${suite}.*${UNWANTED}]==])\n"
      "set_tests_properties([==[${suite}]==] PROPERTIES WORKING_DIRECTORY [==[${DIRECTORY}]==] LABELS ${LABEL}"
      " TIMEOUT 900 COST 0${tests_${suite}})\n")
  endforeach()
  file(WRITE ${LIST} "${declared}")
  return()
endif()

set(crema_suite_finder ${CMAKE_CURRENT_LIST_FILE})

function(crema_discover_suites program label unwanted)
  set(list ${CMAKE_CURRENT_BINARY_DIR}/${program}_suites.cmake)
  add_custom_command(TARGET ${program} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:${program}> -D DIRECTORY=${PROJECT_SOURCE_DIR} -D LABEL=${label}
            -D LIST=${list} -D UNWANTED=${unwanted} -P ${crema_suite_finder}
    BYPRODUCTS ${list}
    VERBATIM)
  set(include ${CMAKE_CURRENT_BINARY_DIR}/${program}_include.cmake)
  file(WRITE ${include} "if(EXISTS \"${list}\")\n  include(\"${list}\")\nelse()\n  add_test(${program}_NOT_BUILT ${program}_NOT_BUILT)\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${include})
endfunction()
