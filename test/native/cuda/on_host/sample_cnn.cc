#include "emulation.h"
// The kernels, as nvcc compiles them
#include "kernels/sample_cnn/inference/cuda/bias_relu_pool.cu"
#include "kernels/sample_cnn/training/cuda/norm_relu_pool.cu"
