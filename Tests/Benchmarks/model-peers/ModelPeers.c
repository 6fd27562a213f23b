#define _GNU_SOURCE
#include "ModelPeers.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define FIND(library, type, name, error)                                               \
    type name = (type)dlsym(library, #name);                                           \
    if (name == NULL) {                                                                \
        snprintf(error, 256, "%s is not in the library", #name);                       \
        return NULL;                                                                   \
    }

static void *open_library(const char *path, char *error) {
    // Its own OpenMP and allocator, whatever this process has.
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (library == NULL) snprintf(error, 256, "%s", dlerror());
    return library;
}

// LightGBM

enum { float64 = 1, raw_score = 1, contributions = 3 };

typedef int (*MaxThreads)(int);
typedef int (*CreateFromFile)(const char *, int *, void **);
typedef int (*FastInit)(void *, int, int, int, int, int32_t, const char *, void **);
typedef int (*Free)(void *);
typedef int (*FastRow)(void *, const void *, int64_t *, double *);
typedef int (*PredictMat)(
    void *, const void *, int, int32_t, int32_t, int, int, int, int, const char *, int64_t *,
    double *);

struct LightGBMPeer {
    void *booster, *fast;
    int inputs;
    FastRow row;
    PredictMat matrix;
    Free free_fast, free_booster;
};

LightGBMPeer *lightgbm_open(const char *path, const char *model, int inputs, char *error) {
    void *library = open_library(path, error);
    if (library == NULL) return NULL;
    FIND(library, MaxThreads, LGBM_SetMaxThreads, error);
    FIND(library, CreateFromFile, LGBM_BoosterCreateFromModelfile, error);
    FIND(library, FastInit, LGBM_BoosterPredictForMatSingleRowFastInit, error);
    FIND(library, FastRow, LGBM_BoosterPredictForMatSingleRowFast, error);
    FIND(library, PredictMat, LGBM_BoosterPredictForMat, error);
    FIND(library, Free, LGBM_FastConfigFree, error);
    FIND(library, Free, LGBM_BoosterFree, error);
    LightGBMPeer *peer = calloc(1, sizeof *peer);
    int iterations = 0;
    LGBM_SetMaxThreads(1);
    if (LGBM_BoosterCreateFromModelfile(model, &iterations, &peer->booster) != 0
        || LGBM_BoosterPredictForMatSingleRowFastInit(
               peer->booster, raw_score, 0, -1, float64, inputs, "num_threads=1", &peer->fast)
            != 0) {
        snprintf(error, 256, "LightGBM refuses %s", model);
        free(peer);
        return NULL;
    }
    peer->inputs = inputs;
    peer->row = LGBM_BoosterPredictForMatSingleRowFast;
    peer->matrix = LGBM_BoosterPredictForMat;
    peer->free_fast = LGBM_FastConfigFree;
    peer->free_booster = LGBM_BoosterFree;
    return peer;
}

void lightgbm_close(LightGBMPeer *peer) {
    peer->free_fast(peer->fast);
    peer->free_booster(peer->booster);
    free(peer);
}

double lightgbm_row(LightGBMPeer *peer, const double *row) {
    int64_t length = 0;
    double margin = 0;
    peer->row(peer->fast, row, &length, &margin);
    return margin;
}

bool lightgbm_contributions(LightGBMPeer *peer, const double *rows, int count, double *result) {
    int64_t length = 0;
    return peer->matrix(
               peer->booster, rows, float64, count, peer->inputs, 1, contributions, 0, -1,
               "num_threads=1", &length, result)
        == 0;
}

// XGBoost

typedef int (*Version)(int *, int *, int *);
typedef int (*Create)(const void *const *, uint64_t, void **);
typedef int (*Load)(void *, const char *);
typedef int (*SetParameter)(void *, const char *, const char *);
typedef int (*MatrixFromDense)(const char *, const char *, void **);
typedef int (*PredictMatrix)(
    void *, void *, const char *, const uint64_t **, uint64_t *, const float **);
typedef int (*PredictDense)(
    void *, const char *, const char *, void *, const uint64_t **, uint64_t *, const float **);

struct XGBoostPeer {
    void *booster;
    int inputs;
    char version[32];
    MatrixFromDense matrix;
    Free free_matrix, free_booster;
    PredictMatrix predict;
    PredictDense in_place;
};

XGBoostPeer *xgboost_open(const char *path, const char *model, int inputs, char *error) {
    void *library = open_library(path, error);
    if (library == NULL) return NULL;
    FIND(library, Version, XGBoostVersion, error);
    FIND(library, Create, XGBoosterCreate, error);
    FIND(library, Load, XGBoosterLoadModel, error);
    FIND(library, SetParameter, XGBoosterSetParam, error);
    FIND(library, MatrixFromDense, XGDMatrixCreateFromDense, error);
    FIND(library, Free, XGDMatrixFree, error);
    FIND(library, Free, XGBoosterFree, error);
    FIND(library, PredictMatrix, XGBoosterPredictFromDMatrix, error);
    FIND(library, PredictDense, XGBoosterPredictFromDense, error);
    XGBoostPeer *peer = calloc(1, sizeof *peer);
    if (XGBoosterCreate(NULL, 0, &peer->booster) != 0
        || XGBoosterLoadModel(peer->booster, model) != 0
        || XGBoosterSetParam(peer->booster, "nthread", "1") != 0) {
        snprintf(error, 256, "XGBoost refuses %s", model);
        free(peer);
        return NULL;
    }
    int major = 0, minor = 0, patch = 0;
    XGBoostVersion(&major, &minor, &patch);
    snprintf(peer->version, sizeof peer->version, "%d.%d.%d", major, minor, patch);
    peer->inputs = inputs;
    peer->matrix = XGDMatrixCreateFromDense;
    peer->free_matrix = XGDMatrixFree;
    peer->free_booster = XGBoosterFree;
    peer->predict = XGBoosterPredictFromDMatrix;
    peer->in_place = XGBoosterPredictFromDense;
    return peer;
}

void xgboost_close(XGBoostPeer *peer) {
    peer->free_booster(peer->booster);
    free(peer);
}

const char *xgboost_version(XGBoostPeer *peer) { return peer->version; }

void xgboost_interface(const float *rows, int count, int inputs, char *text, int size) {
    snprintf(
        text, size, "{\"data\":[%llu,true],\"shape\":[%d,%d],\"typestr\":\"<f4\",\"version\":3}",
        (unsigned long long)(uintptr_t)rows, count, inputs);
}

void *xgboost_matrix(XGBoostPeer *peer, const float *rows, int count) {
    char text[160];
    void *matrix = NULL;
    xgboost_interface(rows, count, peer->inputs, text, sizeof text);
    int status = peer->matrix(text, "{\"missing\":NaN,\"nthread\":1}", &matrix);
    return status == 0 ? matrix : NULL;
}

void xgboost_free_matrix(XGBoostPeer *peer, void *matrix) { peer->free_matrix(matrix); }

#define WHOLE "\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,\"strict_shape\":false"

const float *xgboost_predict(XGBoostPeer *peer, void *matrix, int type) {
    const uint64_t *shape = NULL;
    uint64_t dimensions = 0;
    const float *result = NULL;
    const char *config = type == 1 ? "{\"type\":1," WHOLE "}" : "{\"type\":2," WHOLE "}";
    int status = peer->predict(peer->booster, matrix, config, &shape, &dimensions, &result);
    return status == 0 ? result : NULL;
}

const float *xgboost_in_place(XGBoostPeer *peer, const char *interface) {
    const uint64_t *shape = NULL;
    uint64_t dimensions = 0;
    const float *result = NULL;
    int status = peer->in_place(
        peer->booster, interface, "{\"type\":1," WHOLE ",\"missing\":NaN,\"cache_id\":0}", NULL,
        &shape, &dimensions, &result);
    return status == 0 ? result : NULL;
}
