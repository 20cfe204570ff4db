// cuBLASLt without a GPU (see libcudart.cc): one algorithm is found for every product; it succeeds and does nothing.
typedef int status;
#define EXPORT extern "C" __attribute__((visibility("default")))
#define SUCCEEDS(name) \
  EXPORT status name() { return 0; }
#define CREATES(name)          \
  EXPORT status name(void **made) { \
    static char one;           \
    *made = &one;              \
    return 0;                  \
  }

EXPORT unsigned long cublasLtGetVersion() { return 130000; }
EXPORT status cublasLtMatmulAlgoGetHeuristic(void *, void *, void *, void *, void *, void *, void *, int, void *, int *found) {
  *found = 1;
  return 0;
}
CREATES(cublasLtMatmulDescCreate)
CREATES(cublasLtMatmulPreferenceCreate)
CREATES(cublasLtMatrixLayoutCreate)
SUCCEEDS(cublasLtMatmulDescDestroy)
SUCCEEDS(cublasLtMatmulDescSetAttribute)
SUCCEEDS(cublasLtMatmulPreferenceDestroy)
SUCCEEDS(cublasLtMatmulPreferenceSetAttribute)
SUCCEEDS(cublasLtMatrixLayoutDestroy)
SUCCEEDS(cublasLtMatrixLayoutSetAttribute)
SUCCEEDS(cublasLtMatmul)
