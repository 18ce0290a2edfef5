# clmr::c10 and clmr::torch_cpu, by hand: TorchConfig.cmake of a CUDA wheel insists on a CUDA toolkit.
if(NOT CLMR_LIBTORCH)
  execute_process(COMMAND node ${CMAKE_CURRENT_SOURCE_DIR}/scripts/find-libtorch.mjs
    OUTPUT_VARIABLE CLMR_LIBTORCH OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
if(NOT EXISTS ${CLMR_LIBTORCH}/include/ATen/ATen.h)
  message(FATAL_ERROR "CLMR_LIBTORCH=${CLMR_LIBTORCH} has no include/ATen/ATen.h. Run `npx clmr libtorch install`.")
endif()
message(STATUS "libtorch: ${CLMR_LIBTORCH}")
foreach(name c10 torch_cpu)
  add_library(clmr::${name} SHARED IMPORTED)
  set_target_properties(clmr::${name} PROPERTIES
    IMPORTED_LOCATION ${CLMR_LIBTORCH}/lib/${CMAKE_SHARED_LIBRARY_PREFIX}${name}${CMAKE_SHARED_LIBRARY_SUFFIX}
    IMPORTED_IMPLIB ${CLMR_LIBTORCH}/lib/${name}.lib
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${CLMR_LIBTORCH}/include;${CLMR_LIBTORCH}/include/torch/csrc/api/include"
    INTERFACE_INCLUDE_DIRECTORIES "${CLMR_LIBTORCH}/include;${CLMR_LIBTORCH}/include/torch/csrc/api/include")
endforeach()
