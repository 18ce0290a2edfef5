#include "emulation.h"
// The kernels, as nvcc compiles them
#include "kernels/nt_xent/cuda/nt_xent.cu"
