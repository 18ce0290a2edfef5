# clmr::node_api: the headers of Node-API and node-addon-api, and how the library finds the functions at run time. Both lie
# in the node_modules of the clone, or beside the installed package. cmake-js would name them, too (CMAKE_JS_INC); the same
# flags with and without it let ccache serve both builds.
set(CLMR_NODE_MODULES ${CMAKE_CURRENT_SOURCE_DIR}/node_modules ${CMAKE_CURRENT_SOURCE_DIR}/..)
find_path(CLMR_NODE_API_INCLUDE node_api.h PATHS ${CLMR_NODE_MODULES} PATH_SUFFIXES node-api-headers/include NO_DEFAULT_PATH)
find_path(CLMR_NODE_ADDON_API napi.h PATHS ${CLMR_NODE_MODULES} PATH_SUFFIXES node-addon-api NO_DEFAULT_PATH)
if(NOT CLMR_NODE_API_INCLUDE OR NOT CLMR_NODE_ADDON_API)
  message(FATAL_ERROR "The headers of Node-API are missing. Run `npm install node-api-headers node-addon-api`.")
endif()
add_library(clmr_node_api INTERFACE)
add_library(clmr::node_api ALIAS clmr_node_api)
target_include_directories(clmr_node_api SYSTEM INTERFACE ${CLMR_NODE_API_INCLUDE} ${CLMR_NODE_ADDON_API})
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
