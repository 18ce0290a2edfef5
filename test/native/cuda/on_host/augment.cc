#include "emulation.h"
// The kernels, as nvcc compiles them
#include "kernels/augment/cuda/augment.cu"
