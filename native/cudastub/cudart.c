/* A stand-in for libcudart, without a CUDA device: every call answers 100, "no device". libtorch_cpu of the
   CUDA wheel names the library although the CPU needs nothing of it; the stub is opened only where the real
   one is missing, for a loaded stub would shadow it. */
int cudaDeviceSynchronize(void) { return 100; }
int cudaDriverGetVersion(void) { return 100; }
int cudaGetDeviceCount(void) { return 100; }
int cudaGetDeviceProperties(void) { return 100; }
int cudaRuntimeGetVersion(void) { return 100; }
const char* cudaGetErrorString(int error) {
  (void)error;
  return "no CUDA";
}
