// The C interfaces of XGBoost and LightGBM as a benchmark needs them, found at run time: nothing of
// theirs is linked or copied. One thread; a row is 40 or so values, NaN for missing.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Null and a message in `error` (at least 256 bytes) if the library or the model cannot be opened.
typedef struct LightGBMPeer LightGBMPeer;
LightGBMPeer *lightgbm_open(const char *library, const char *model, int inputs, char *error);
void lightgbm_close(LightGBMPeer *peer);
// Raw score of one row of float64 through the fast single-row call.
double lightgbm_row(LightGBMPeer *peer, const double *row);
// Contributions of `count` rows of float64: inputs + 1 values each.
bool lightgbm_contributions(LightGBMPeer *peer, const double *rows, int count, double *result);

typedef struct XGBoostPeer XGBoostPeer;
XGBoostPeer *xgboost_open(const char *library, const char *model, int inputs, char *error);
void xgboost_close(XGBoostPeer *peer);
const char *xgboost_version(XGBoostPeer *peer);
// A fresh matrix of the rows: XGBoost keeps predictions per matrix.
void *xgboost_matrix(XGBoostPeer *peer, const float *rows, int count);
void xgboost_free_matrix(XGBoostPeer *peer, void *matrix);
// Margins (type 1) or contributions (type 2) of a matrix; valid until the next call.
const float *xgboost_predict(XGBoostPeer *peer, void *matrix, int type);
// Margins of rows in place. The array interface is text that names their address; make it first.
void xgboost_interface(const float *rows, int count, int inputs, char *text, int size);
const float *xgboost_in_place(XGBoostPeer *peer, const char *interface);
