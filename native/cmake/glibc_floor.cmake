# clmr::glibc_floor: old versions of a few symbols, so that what is built on a new Linux loads on glibc 2.28.
add_library(clmr_glibc_floor INTERFACE)
add_library(clmr::glibc_floor ALIAS clmr_glibc_floor)
# CLMR_GLIBC_FLOOR=OFF: for this machine alone, where the compiler's libstdc++ has no old versions (a static one).
option(CLMR_GLIBC_FLOOR "load on glibc 2.28 too" ON)
include(CheckSymbolExists)
check_symbol_exists(__GLIBC__ features.h CLMR_GLIBC)
if(CLMR_GLIBC_FLOOR AND CMAKE_SYSTEM_NAME STREQUAL Linux AND CLMR_GLIBC AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|aarch64")
  target_sources(clmr_glibc_floor INTERFACE ${CMAKE_CURRENT_LIST_DIR}/glibc_floor.c)
  foreach(name exp exp2 log log2 pow fstat pthread_once pthread_cond_clockwait
          _ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE)
    target_link_options(clmr_glibc_floor INTERFACE -Wl,--wrap=${name})
  endforeach()
endif()
