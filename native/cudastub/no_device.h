/* The stand-ins answer every call with 100, "no device". libtorch_cpu of the CUDA wheel names these libraries
   although the CPU needs nothing of them. A stub is opened only where the real one is missing, for a loaded
   stub would shadow it. */
#define NO_DEVICE(call) \
  int call(void) { return 100; }
