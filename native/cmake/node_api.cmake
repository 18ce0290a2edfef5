# clmr::node_api: the headers of Node-API and node-addon-api, and how the library finds the functions at run time.
set(CLMR_NODE_API_INCLUDE ${CMAKE_JS_INC})
if(NOT CLMR_NODE_API_INCLUDE)
  set(CLMR_NODE_API_INCLUDE ${CMAKE_CURRENT_SOURCE_DIR}/node_modules/node-api-headers/include)
endif()
list(APPEND CLMR_NODE_API_INCLUDE ${CMAKE_CURRENT_SOURCE_DIR}/node_modules/node-addon-api)
add_library(clmr_node_api INTERFACE)
add_library(clmr::node_api ALIAS clmr_node_api)
target_include_directories(clmr_node_api SYSTEM INTERFACE ${CLMR_NODE_API_INCLUDE})
# Exceptions of every kind become JavaScript errors; those thrown while an environment ends are swallowed.
target_compile_definitions(clmr_node_api INTERFACE NAPI_VERSION=9 NAPI_CPP_EXCEPTIONS NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS)
if(MSVC)
  target_sources(clmr_node_api INTERFACE ${CMAKE_JS_SRC})
  target_link_libraries(clmr_node_api INTERFACE ${CMAKE_JS_LIB} delayimp)
  target_link_options(clmr_node_api INTERFACE /DELAYLOAD:node.exe)
else()
  # Weak imports: the same library then loads in Python for parity tests, where there is no node.
  target_compile_definitions(clmr_node_api INTERFACE "NAPI_EXTERN=__attribute__((visibility(\"default\"),weak))")
endif()
