# libclmr_cuda, the optional plug-in (-DCLMR_CUDA=ON, -DCMAKE_CUDA_COMPILER=…/nvcc; CLMR_CUDA=1 npm run build:native finds
# both). nvcc's own wheels do as toolkit: nvidia-cuda-nvcc, nvidia-nvvm, nvidia-cuda-crt, nvidia-cuda-cccl, nvidia-cuda-runtime.
if(NOT EXISTS ${CLMR_LIBTORCH}/lib/libc10_cuda.so)
  message(FATAL_ERROR "CLMR_LIBTORCH=${CLMR_LIBTORCH} has no CUDA. Run `npx clmr libtorch install --cuda`.")
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 100-real 120)  # Ampere to Blackwell; what is younger compiles the last one's PTX
endif()
set(CMAKE_CUDA_RUNTIME_LIBRARY None)  # the wheels have no libcudart.so to link with; named below by its file
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake before 3.25.2 does not know that nvcc has C++20
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
endif()
get_filename_component(CLMR_CUDA_ROOT ${CMAKE_CUDA_COMPILER} REALPATH)
get_filename_component(CLMR_CUDA_ROOT ${CLMR_CUDA_ROOT}/../.. ABSOLUTE)
find_file(CLMR_CUDART NAMES libcudart.so.13 libcudart.so REQUIRED NO_DEFAULT_PATH
  PATHS ${CLMR_CUDA_ROOT}/lib ${CLMR_CUDA_ROOT}/lib64 ${CLMR_CUDA_ROOT}/targets/x86_64-linux/lib)

add_library(clmr_cuda SHARED native/bindings/cuda/plug_in.cc
  native/kernels/sample_cnn/inference/cuda/bias_relu_pool.cc native/kernels/sample_cnn/inference/cuda/launch.cu)
set_target_properties(clmr_cuda PROPERTIES LINKER_LANGUAGE CXX CUDA_STANDARD 20)
target_include_directories(clmr_cuda PRIVATE native)
target_include_directories(clmr_cuda SYSTEM PRIVATE ${CLMR_CUDA_ROOT}/include ${CLMR_NODE_API_INCLUDE})
target_compile_definitions(clmr_cuda PRIVATE NAPI_VERSION=9)
target_link_libraries(clmr_cuda PRIVATE clmr::torch_cpu clmr::c10 ${CLMR_LIBTORCH}/lib/libc10_cuda.so ${CLMR_CUDART})
target_link_options(clmr_cuda PRIVATE -Wl,--allow-shlib-undefined,-z,nodelete)
