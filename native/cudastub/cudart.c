/* A stand-in for libcudart. */
#include "no_device.h"

NO_DEVICE(cudaDeviceSynchronize)
NO_DEVICE(cudaDriverGetVersion)
NO_DEVICE(cudaGetDeviceCount)
NO_DEVICE(cudaGetDeviceProperties)
NO_DEVICE(cudaRuntimeGetVersion)
const char* cudaGetErrorString(int error) {
  (void)error;
  return "no CUDA";
}
