# libclmr_cuda, the optional plug-in (-DCLMR_CUDA=ON, -DCMAKE_CUDA_COMPILER=…/nvcc; CLMR_CUDA=1 npm run build:native finds
# it). nvcc's own wheels do as toolkit: nvidia-cuda-nvcc, nvidia-nvvm, nvidia-cuda-crt, nvidia-cuda-cccl, nvidia-cuda-runtime.
# Any libtorch does, with CUDA or without: the plug-in asks it for its stream and its memory, nothing else.
if(NOT CMAKE_CUDA_ARCHITECTURES)
  # Ampere to Blackwell; what is younger compiles the last one's PTX
  set(CMAKE_CUDA_ARCHITECTURES 80-real 86-real 89-real 90-real 100-real 120)
endif()
set(CMAKE_CUDA_RUNTIME_LIBRARY None)  # named below by its file
get_filename_component(CLMR_CUDA_ROOT ${CMAKE_CUDA_COMPILER} REALPATH)
get_filename_component(CLMR_CUDA_ROOT ${CLMR_CUDA_ROOT}/../.. ABSOLUTE)
if(CLMR_CCACHE AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
set(ENV{LIBRARY_PATH} "${CLMR_CUDA_ROOT}/lib:$ENV{LIBRARY_PATH}")  # where nvcc of the wheels does not look itself
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake before 3.25.2 does not know that nvcc has C++20
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
endif()
# The same that libtorch loads
find_file(CLMR_CUDART NAMES libcudart.so.13 libcudart.so REQUIRED NO_DEFAULT_PATH
  PATHS ${CLMR_CUDA_ROOT}/lib ${CLMR_CUDA_ROOT}/lib64 ${CLMR_CUDA_ROOT}/targets/x86_64-linux/lib)

file(GLOB CLMR_CUDA_KERNELS CONFIGURE_DEPENDS native/kernels/cuda/*.cc native/kernels/*/cuda/*.cc native/kernels/*/cuda/*.cu
  native/kernels/*/*/cuda/*.cc native/kernels/*/*/cuda/*.cu)
add_library(clmr_cuda_objects OBJECT native/bindings/cuda/table.cc ${CLMR_CUDA_KERNELS})
set_target_properties(clmr_cuda_objects PROPERTIES CUDA_STANDARD 20)
target_include_directories(clmr_cuda_objects PRIVATE native)
target_include_directories(clmr_cuda_objects SYSTEM PRIVATE ${CLMR_CUDA_ROOT}/include)
target_link_libraries(clmr_cuda_objects PRIVATE clmr::torch_cpu clmr::c10)
add_library(clmr_cuda SHARED native/bindings/cuda/plug_in.cc native/kernels/augment/shapes.cc $<TARGET_OBJECTS:clmr_cuda_objects>)
set_target_properties(clmr_cuda PROPERTIES LINKER_LANGUAGE CXX)
target_include_directories(clmr_cuda PRIVATE native)
target_include_directories(clmr_cuda SYSTEM PRIVATE ${CLMR_NODE_API_INCLUDE})
target_compile_definitions(clmr_cuda PRIVATE NAPI_VERSION=9)
target_link_libraries(clmr_cuda PRIVATE clmr::torch_cpu clmr::c10 clmr::glibc_floor ${CLMR_CUDART})
target_link_options(clmr_cuda PRIVATE -Wl,--allow-shlib-undefined,-z,nodelete,-z,now)  # or a wrong libcudart would end the process
