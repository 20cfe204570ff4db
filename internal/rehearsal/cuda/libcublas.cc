// cuBLAS without a GPU (see libcudart.cc): every product succeeds and does nothing.
typedef int status;
#define EXPORT extern "C" __attribute__((visibility("default")))
#define SUCCEEDS(name) \
  EXPORT status name() { return 0; }

EXPORT status cublasCreate_v2(void **handle) {
  static char one;
  *handle = &one;
  return 0;
}
EXPORT status cublasGetMathMode(void *, int *mode) { return *mode = 0; }
EXPORT status cublasGetPointerMode_v2(void *, int *mode) { return *mode = 0; }
SUCCEEDS(cublasDestroy_v2)
SUCCEEDS(cublasSetMathMode)
SUCCEEDS(cublasSetPointerMode_v2)
SUCCEEDS(cublasSetStream_v2)
SUCCEEDS(cublasSetWorkspace_v2)
SUCCEEDS(cublasSgemm_v2)
SUCCEEDS(cublasDgemm_v2)
SUCCEEDS(cublasGemmEx)
SUCCEEDS(cublasSgemmEx)
SUCCEEDS(cublasSgemmStridedBatched)
SUCCEEDS(cublasDgemmStridedBatched)
SUCCEEDS(cublasGemmStridedBatchedEx)
SUCCEEDS(cublasSgemv_v2)
SUCCEEDS(cublasDgemv_v2)
SUCCEEDS(cublasSdot_v2)
SUCCEEDS(cublasDdot_v2)
SUCCEEDS(cublasDotEx)
