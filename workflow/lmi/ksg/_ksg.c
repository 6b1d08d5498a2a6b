/* Exact Chebyshev neighbour searches for the KSG estimator, called through ctypes.
 *
 * One structure serves every query: a wide kd-tree. Points are ordered by recursive splits of
 * the widest axis; LEAF consecutive points make a leaf, FAN consecutive leaves a group, FAN
 * groups a group of the next level. Leaves and the boxes of a group are stored axis by axis, so
 * that LEAF points or FAN boxes are compared with a query in a few vector instructions. In high
 * dimension, where nothing can be pruned, this turns into a blocked brute-force scan.
 *
 * Results are exact. The scan runs in single precision on centred coordinates, with a proven
 * bound `margin` on the error of a distance: a distance below r - margin is inside, one above
 * r + margin is outside, and what lies between is recomputed in double precision. Where the
 * margin would not be small against the distances between neighbours (heavy tails, large
 * offsets), the tree holds doubles and the margin is zero. Rounding is monotone, so comparisons
 * with box faces never contradict comparisons with the points inside.
 *
 * The file includes itself once for each precision and instruction set; the choice between
 * instruction sets is made at run time, so one build serves all nodes of a cluster.
 */
#ifndef LMI_VARIANT

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LEAF 32
#define FAN 16
#define FAN_BITS 4
#define MAX_LEVELS 9
#define GUESS 1.4 /* first bound on a radius, in radii of the neighbour before */

#if defined(_WIN32)
#define API __declspec(dllexport)
#else
#define API __attribute__((visibility("default")))
#endif

#if defined(__GNUC__)
#define LOWEST_BIT(mask) ((unsigned)__builtin_ctz(mask))
#define POPCOUNT(mask) ((unsigned)__builtin_popcount(mask))
#else
static unsigned LOWEST_BIT(uint32_t mask) {
    unsigned bit = 0;
    while (!(mask & 1u)) { mask >>= 1; bit++; }
    return bit;
}
static unsigned POPCOUNT(uint32_t mask) {
    unsigned count = 0;
    for (; mask; mask &= mask - 1) count++;
    return count;
}
#endif

#if defined(__GNUC__) && defined(__x86_64__) && !defined(LMI_PORTABLE)
#define LMI_X86 1
#include <immintrin.h>
#endif

typedef struct {
    int64_t n, n_leaves;
    int32_t d, levels;
    int32_t single;             /* leaves and boxes hold floats, else doubles */
    double margin;              /* bound on the error of a distance in the leaves' precision */
    double *extent;             /* (d,), largest minus smallest value: axes are in falling order */
    double *centre;             /* (d,), subtracted before rounding to single */
    int32_t *index;             /* tree position -> row of the input */
    double *rows;               /* (n, d) in tree order, exact */
    void *points;               /* [leaf][axis][LEAF] */
    void *box[MAX_LEVELS];      /* [group][axis][low, high][FAN] */
    int64_t n_boxes[MAX_LEVELS];
} tree_t;

typedef struct { double value; int32_t index; } item_t;

/* Points within a window in time are no neighbours (Theiler 1986). */
typedef struct {
    const int64_t *time;        /* (n,) at each tree position; NULL: all may be neighbours */
    int64_t window;
} apart_t;

/* Whether the points at two tree positions are too near in time, a point to itself included. */
static inline int strangers(apart_t apart, int64_t p, int64_t q) {
    int64_t gap = apart.time[p] - apart.time[q];
    return gap <= apart.window && -gap <= apart.window;
}

/* The other variable of a permutation null, in the order of its rows. */
typedef struct {
    const double *rows;         /* (n, d) */
    const float *rounded;       /* (n, width), centred, width a multiple of 8, filled with zeros */
    double margin;              /* bound on the error of a distance between rounded rows */
    int32_t d, width;
} partner_t;

/* ---- selection ------------------------------------------------------------- */

static double pivot_of(const item_t *a, int64_t lo, int64_t hi) {
    double x = a[lo].value, y = a[lo + (hi - lo) / 2].value, z = a[hi].value;
    if (x > y) { double s = x; x = y; y = s; }
    return z < x ? x : (z > y ? y : z);
}

static void partition(item_t *a, int64_t lo, int64_t hi, int64_t *left, int64_t *right) {
    double pivot = pivot_of(a, lo, hi);
    int64_t i = lo, j = hi;
    while (i <= j) {
        while (a[i].value < pivot) i++;
        while (a[j].value > pivot) j--;
        if (i <= j) {
            item_t s = a[i];
            a[i++] = a[j];
            a[j--] = s;
        }
    }
    *left = j;
    *right = i;
}

static void select_nth(item_t *a, int64_t lo, int64_t hi, int64_t nth) {
    while (lo < hi) {
        int64_t left, right;
        partition(a, lo, hi, &left, &right);
        if (nth <= left) hi = left;
        else if (nth >= right) lo = right;
        else return;
    }
}

/* The `size` smallest values seen; heap[0] is the largest of them. */
static inline void heap_replace_top(double *heap, int64_t size, double value) {
    int64_t hole = 0;
    for (;;) {
        int64_t child = 2 * hole + 1;
        if (child >= size) break;
        if (child + 1 < size && heap[child + 1] > heap[child]) child++;
        if (heap[child] <= value) break;
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = value;
}

/* ---- building ---------------------------------------------------------------------------- */

/* Order order[begin:end] so that every aligned run of LEAF * 2^j points is a cell. */
static void split(const double *rows, int32_t d, int32_t *order, item_t *work, double *low,
                  double *high, int64_t begin, int64_t end) {
    for (;;) {
        int64_t n_leaves = (end - begin + LEAF - 1) / LEAF, half = 1;
        if (n_leaves <= 1) return;
        while (2 * half < n_leaves) half *= 2;
        const double *first = rows + (int64_t)order[begin] * d;
        for (int32_t a = 0; a < d; a++) low[a] = high[a] = first[a];
        for (int64_t p = begin + 1; p < end; p++) {
            const double *row = rows + (int64_t)order[p] * d;
            for (int32_t a = 0; a < d; a++) {
                low[a] = row[a] < low[a] ? row[a] : low[a];
                high[a] = row[a] > high[a] ? row[a] : high[a];
            }
        }
        int32_t widest = 0;
        for (int32_t a = 1; a < d; a++)
            if (high[a] - low[a] > high[widest] - low[widest]) widest = a;
        for (int64_t p = begin; p < end; p++) {
            work[p].value = rows[(int64_t)order[p] * d + widest];
            work[p].index = order[p];
        }
        int64_t middle = begin + half * LEAF;
        select_nth(work, begin, end - 1, middle);
        for (int64_t p = begin; p < end; p++) order[p] = work[p].index;
        split(rows, d, order, work, low, high, begin, middle);
        begin = middle;
    }
}

API void lmi_tree_free(void *handle) {
    tree_t *t = handle;
    if (!t) return;
    free(t->extent);
    free(t->centre);
    free(t->index);
    free(t->rows);
    free(t->points);
    for (int level = 0; level < MAX_LEVELS; level++) free(t->box[level]);
    free(t);
}

/* Blocks are aligned to cache lines: a vector load never straddles two of them. */
static void *aligned_block(size_t bytes);

/* The rows in tree order and their axes by extent: the widest part points the soonest. */
static int copy_rows(tree_t *t, const double *rows) {
    int32_t d = t->d, *axis = malloc((size_t)d * sizeof(int32_t));
    double *low = malloc(2 * (size_t)d * sizeof(double)), *high = low + d;
    if (!axis || !low) {
        free(axis);
        free(low);
        return 0;
    }
    memcpy(low, rows, (size_t)d * sizeof(double));
    memcpy(high, rows, (size_t)d * sizeof(double));
    for (int64_t p = 1; p < t->n; p++)
        for (int32_t a = 0; a < d; a++) {
            double value = rows[p * d + a];
            low[a] = value < low[a] ? value : low[a];
            high[a] = value > high[a] ? value : high[a];
        }
    for (int32_t a = 0; a < d; a++) {
        int32_t place = a;
        for (; place > 0 && t->extent[place - 1] < high[a] - low[a]; place--) {
            t->extent[place] = t->extent[place - 1];
            axis[place] = axis[place - 1];
        }
        t->extent[place] = high[a] - low[a];
        axis[place] = a;
    }
    for (int64_t p = 0; p < t->n; p++) {
        const double *row = rows + (int64_t)t->index[p] * d;
        for (int32_t a = 0; a < d; a++) t->rows[p * d + a] = row[axis[a]];
    }
    free(axis);
    free(low);
    return 1;
}

static double leaf_extent(const tree_t *t, int64_t leaf) {
    int64_t begin = leaf * LEAF, end = begin + LEAF < t->n ? begin + LEAF : t->n;
    double extent = 0;
    for (int32_t a = 0; a < t->d; a++) {
        double low = t->rows[begin * t->d + a], high = low;
        for (int64_t p = begin + 1; p < end; p++) {
            double value = t->rows[p * t->d + a];
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
        extent = high - low > extent ? high - low : extent;
    }
    return extent;
}

/* Single precision if its error is far below the size of almost all leaves. */
static void choose_precision(tree_t *t, int precision) {
    double reach = 0, largest = 0;
    for (int32_t a = 0; a < t->d; a++) {
        double low = t->rows[a], high = low;
        for (int64_t p = 1; p < t->n; p++) {
            double value = t->rows[p * t->d + a];
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
        t->centre[a] = low / 2 + high / 2;
        reach = fmax(reach, high / 2 - low / 2);
        largest = fmax(largest, fmax(fabs(low), fabs(high)));
    }
    /* two conversions and a subtraction, each within 2^-24 of values up to 2 reach, and the
     * roundings of the centring in double precision */
    t->margin = 1.01 * (ldexp(reach, -22) + ldexp(largest, -50));
    int64_t coarse = 0;
    for (int64_t leaf = 0; leaf < t->n_leaves; leaf++)
        coarse += !(leaf_extent(t, leaf) > 256 * t->margin);
    t->single = reach > 1e-25 && reach < 1e30 && 8 * coarse <= t->n_leaves;
    if (precision) t->single = precision == 1;
    if (!t->single) {
        t->margin = 0;
        memset(t->centre, 0, (size_t)t->d * sizeof(double));
    }
}

/* rows: (n, d), row-major, finite. precision: 0 chosen, 1 single, 2 double. NULL: no memory. */
API void *lmi_tree_build(const double *rows, int64_t n, int32_t d, int32_t precision) {
    tree_t *t = calloc(1, sizeof(tree_t));
    item_t *work = malloc((size_t)n * sizeof(item_t));
    double *bounds = malloc(2 * (size_t)d * sizeof(double));
    if (!t || !work || !bounds) goto fail;
    t->n = n;
    t->d = d;
    t->n_leaves = (n + LEAF - 1) / LEAF;
    t->index = malloc((size_t)n * sizeof(int32_t));
    t->rows = malloc((size_t)n * d * sizeof(double));
    t->centre = malloc((size_t)d * sizeof(double));
    t->extent = malloc((size_t)d * sizeof(double));
    if (!t->index || !t->rows || !t->centre || !t->extent) goto fail;
    for (int64_t p = 0; p < n; p++) t->index[p] = (int32_t)p;
    split(rows, d, t->index, work, bounds, bounds + d, 0, n);
    if (!copy_rows(t, rows)) goto fail;
    choose_precision(t, precision);

    size_t width = t->single ? sizeof(float) : sizeof(double);
    t->points = aligned_block((size_t)t->n_leaves * d * LEAF * width);
    if (!t->points) goto fail;
    for (int64_t leaf = 0; leaf < t->n_leaves; leaf++)
        for (int32_t a = 0; a < d; a++)
            for (int lane = 0; lane < LEAF; lane++) {
                int64_t p = leaf * LEAF + lane, at = (leaf * d + a) * LEAF + lane;
                double value = p < n ? t->rows[p * d + a] - t->centre[a] : INFINITY;
                if (t->single) ((float *)t->points)[at] = (float)value;
                else ((double *)t->points)[at] = value;
            }
    int64_t children = t->n_leaves;
    for (int level = 0;; level++) {
        int64_t groups = (children + FAN - 1) / FAN;
        t->n_boxes[level] = children;
        t->levels = level + 1;
        t->box[level] = aligned_block((size_t)groups * d * 2 * FAN * width);
        if (!t->box[level]) goto fail;
        for (int64_t child = 0; child < groups * FAN; child++)
            for (int32_t a = 0; a < d; a++) {
                double low = INFINITY, high = -INFINITY;
                int64_t size = level ? FAN : LEAF, begin = child * size;
                int64_t limit = level ? t->n_boxes[level - 1] : n;
                for (int64_t p = begin; p < begin + size && p < limit; p++) {
                    double l, h;
                    if (!level) {
                        l = h = t->rows[p * d + a] - t->centre[a];
                    } else {
                        int64_t at = (((p / FAN) * d + a) * 2) * FAN + p % FAN;
                        void *below = t->box[level - 1];
                        l = t->single ? ((float *)below)[at] : ((double *)below)[at];
                        h = t->single ? ((float *)below)[at + FAN] : ((double *)below)[at + FAN];
                    }
                    low = l < low ? l : low;
                    high = h > high ? h : high;
                }
                int64_t at = (((child / FAN) * d + a) * 2) * FAN + child % FAN;
                if (t->single) {
                    ((float *)t->box[level])[at] = (float)low;
                    ((float *)t->box[level])[at + FAN] = (float)high;
                } else {
                    ((double *)t->box[level])[at] = low;
                    ((double *)t->box[level])[at + FAN] = high;
                }
            }
        if (groups == 1) break;
        children = groups;
    }
    free(work);
    free(bounds);
    return t;
fail:
    free(work);
    free(bounds);
    lmi_tree_free(t);
    return NULL;
}

#if defined(_WIN32)
static void *aligned_block(size_t bytes) { return malloc(bytes ? bytes : 1); }
#else
static void *aligned_block(size_t bytes) {
    void *block = NULL;
    return posix_memalign(&block, 64, bytes ? bytes : 64) ? NULL : block;
}
#endif

/* (n,), the input's row at each tree position. */
API const int32_t *lmi_tree_index(const void *handle) { return ((const tree_t *)handle)->index; }

API int32_t lmi_tree_single(const void *handle) { return ((const tree_t *)handle)->single; }

/* Chebyshev distance, or any value >= limit once that is reached. */
static inline double distance(const double *a, const double *b, int32_t d, double limit) {
    double largest = 0;
    for (int32_t i = 0; i < d; i++) {
        double gap = fabs(a[i] - b[i]);
        if (gap > largest) {
            largest = gap;
            if (gap >= limit) break;
        }
    }
    return largest;
}

/* The same between a tree position and a row: no axis adds to what exceeds its extent. */
static inline double distance_from(const tree_t *t, int64_t p, const double *row, double limit) {
    const double *there = t->rows + p * t->d;
    double largest = 0;
    for (int32_t a = 0; a < t->d && largest < t->extent[a]; a++) {
        double gap = fabs(there[a] - row[a]);
        if (gap > largest) {
            largest = gap;
            if (gap >= limit) break;
        }
    }
    return largest;
}

/* Floats surely above and below a value >= 0: the factor covers the rounding to single. */
static inline float float_above(double value) {
    return value > 1e38 ? INFINITY : (float)(value * (1 + 0x1p-22) + 1e-37);
}

static inline float float_below(double value) {
    return value > 1e38 ? 1e38f : (float)(value * (1 - 0x1p-22) - 1e-37);
}

/* Neighbours of a point, ordered by distance up to the width of a bucket. */
#define BUCKETS 32
typedef struct {
    int64_t size;
    double reach;               /* every point nearer than this is listed */
    double step;                /* bucket c holds distances >= c * step, up to rounding */
    int64_t first[BUCKETS + 1];
    double *value, *work;
    int32_t *index, *found;     /* tree positions */
} list_t;

static void list_free(list_t *list) {
    free(list->value);
    free(list->work);
    free(list->index);
    free(list->found);
}

static int list_allocate(list_t *list, int64_t n) {
    list->value = malloc((size_t)n * sizeof(double));
    list->work = malloc((size_t)n * sizeof(double));
    list->index = malloc((size_t)n * sizeof(int32_t));
    list->found = malloc((size_t)n * sizeof(int32_t));
    return list->value && list->work && list->index && list->found;
}

#if !LMI_X86
static inline int near_scalar(const float *p, const float *q, float r) {
    int near = 1;
    for (int lane = 0; lane < 8; lane++) near &= fabsf(p[lane] - q[lane]) < r;
    return near;
}
#endif

/* ---- the variants ------------------------------------------------------------------------ */

#define CONCAT3_(a, b, c) a##_##b##_##c
#define CONCAT3(a, b, c) CONCAT3_(a, b, c)
#define NAME(function) CONCAT3(function, REAL, ISA)

#define LMI_VARIANT
#define IS_FLOAT 1
#define REAL float
#define ISA base
#define ATTR
#include "_ksg.c"
#undef IS_FLOAT
#undef REAL
#define IS_FLOAT 0
#define REAL double
#include "_ksg.c"
#undef IS_FLOAT
#undef REAL
#undef ISA
#undef ATTR

#if LMI_X86
#define IS_FLOAT 1
#define REAL float
#define ISA avx2
#define ATTR __attribute__((target("avx2,popcnt,bmi")))
#define LMI_AVX2 1
#include "_ksg.c"
#undef IS_FLOAT
#undef REAL
#define IS_FLOAT 0
#define REAL double
#include "_ksg.c"
#undef IS_FLOAT
#undef REAL
#undef ISA
#undef ATTR

#define IS_FLOAT 1
#define REAL float
#define ISA avx512
#define ATTR __attribute__((target("avx512f,avx2,popcnt,bmi")))
#define LMI_AVX512 1
#include "_ksg.c"
#undef IS_FLOAT
#undef REAL
#define IS_FLOAT 0
#define REAL double
#include "_ksg.c"
#undef IS_FLOAT
#undef REAL
#undef ISA
#undef ATTR
#endif

/* ---- dispatch ---------------------------------------------------------------------------- */

static int32_t level_limit = 2;

static int32_t simd_level(void) {
    int32_t level = 0;
#if LMI_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt")
        && __builtin_cpu_supports("bmi"))
        level = __builtin_cpu_supports("avx512f") ? 2 : 1;
#endif
    return level < level_limit ? level : level_limit;
}

/* Use no more than: 0 the baseline, 1 AVX2, 2 AVX-512. Returns what will be used. */
API int32_t lmi_simd(int32_t limit) {
    level_limit = limit;
    return simd_level();
}

#if LMI_X86
#define CALL(function, ...)                                                                  \
    switch (simd_level() * 2 + t->single) {                                                  \
    case 5: return function##_float_avx512(__VA_ARGS__);                                     \
    case 4: return function##_double_avx512(__VA_ARGS__);                                    \
    case 3: return function##_float_avx2(__VA_ARGS__);                                       \
    case 2: return function##_double_avx2(__VA_ARGS__);                                      \
    case 1: return function##_float_base(__VA_ARGS__);                                       \
    default: return function##_double_base(__VA_ARGS__);                                     \
    }
#else
#define CALL(function, ...)                                                                  \
    return t->single ? function##_float_base(__VA_ARGS__) : function##_double_base(__VA_ARGS__);
#endif

/* All functions below work on tree positions start..stop, index their arrays by rows of the
 * input, and return 0, or 1 when memory runs out. */

/* radius[row, j]: distance to the k[j]-th nearest other point; k ascends. time: as in apart_t, of
 * this function and of others. */
API int32_t lmi_knn(const void *handle, const int64_t *k, int64_t n_k, const int64_t *time,
                    int64_t window, int64_t start, int64_t stop, double *radius) {
    const tree_t *t = handle;
    const apart_t apart = {time, window};
    CALL(knn, t, k, n_k, apart, start, stop, radius)
}

/* count[row]: points with distance < radius[row], the point itself included. */
API int32_t lmi_count(const void *handle, const double *radius, int64_t start, int64_t stop,
                      int64_t *count) {
    const tree_t *t = handle;
    CALL(count, t, radius, start, stop, count)
}

/* chosen[row, :]: m of the points with distance < radius[row], the same for the same seed. */
API int32_t lmi_sample(const void *handle, const double *radius, int64_t m, uint64_t seed,
                       const int64_t *time, int64_t window, int64_t start, int64_t stop,
                       int32_t *chosen, int64_t *count) {
    const tree_t *t = handle;
    const apart_t apart = {time, window};
    CALL(sample, t, radius, m, seed, apart, start, stop, chosen, count)
}

/* One side of the permutation null: see null_pass in the variants. */
API int32_t lmi_null_pass(const void *handle, const double *other, int32_t d, const float *rounded,
                          int32_t width, double margin, const int32_t *pairings, int64_t n_pairings,
                          int64_t k, int64_t target, const double *guess, int32_t last,
                          int64_t start, int64_t stop, double *radius, int32_t *count) {
    const tree_t *t = handle;
    const partner_t partner = {other, rounded, margin, d, width};
    CALL(null_pass, t, &partner, pairings, n_pairings, k, target, guess, last, start, stop, radius,
         count)
}

/* count[row, b] where it is negative: points with distance < radius[row, b]. */
API int32_t lmi_null_count(const void *handle, const double *radius, int64_t n_pairings,
                           int64_t start, int64_t stop, int32_t *count) {
    const tree_t *t = handle;
    CALL(null_count, t, radius, n_pairings, start, stop, count)
}

/* count[i]: rows within the window in time and nearer than radius[i]. rows: (n, d) row-major; time:
 * (n,) ascending; count: (n,), zero at first. */
API void lmi_near_in_time(const double *rows, int64_t n, int32_t d, const int64_t *time,
                          int64_t window, const double *radius, int64_t *count) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i - 1; j >= 0 && time[i] - time[j] <= window; j--) {
            double limit = radius[i] > radius[j] ? radius[i] : radius[j];
            double gap = distance(rows + i * d, rows + j * d, d, limit);
            count[i] += gap < radius[i];
            count[j] += gap < radius[j];
        }
}

/* ---- two single features ------------------------------------------------------------------- */

/* Samples of two single features, or of one part of them: x in order, y beside it and in order. */
typedef struct {
    int64_t n;
    const double *x, *y, *ordered;  /* (n,) x ascending, its y, and all y ascending */
    const int32_t *place;           /* (n,) where in `ordered` the y of each sample stands */
} flat_t;

/* First and last place of the values nearer than r to that at place i; the place itself is one. */
static void flat_range(const double *sorted, int64_t n, int64_t i, double r, int64_t *first,
                       int64_t *last) {
    double q = sorted[i];
    int64_t inside = i, step = 1, outside;
    *first = *last = i;
    if (!(r > 0)) return;
    while (inside + step < n && sorted[inside + step] - q < r) {
        inside += step;
        step *= 2;
    }
    outside = inside + step < n ? inside + step : n;
    while (outside - inside > 1) {
        int64_t middle = inside + (outside - inside) / 2;
        if (sorted[middle] - q < r) inside = middle;
        else outside = middle;
    }
    *last = inside;
    inside = i;
    step = 1;
    while (inside - step >= 0 && q - sorted[inside - step] < r) {
        inside -= step;
        step *= 2;
    }
    outside = inside - step >= 0 ? inside - step : -1;
    while (inside - outside > 1) {
        int64_t middle = outside + (inside - outside) / 2;
        if (q - sorted[middle] < r) inside = middle;
        else outside = middle;
    }
    *first = inside;
}

/* As lmi_count for one axis: sorted (n,), radius and count in the same order. */
API int32_t lmi_count_sorted(const double *sorted, int64_t n, const double *radius,
                             int64_t start, int64_t stop, int64_t *count) {
    for (int64_t i = start; i < stop; i++) {
        int64_t first, last;
        flat_range(sorted, n, i, radius[i], &first, &last);
        count[i] = radius[i] > 0 ? last - first + 1 : 0;
    }
    return 0;
}

#define STEP 16 /* samples compared at a time; x and y have as many more at either end */

#if defined(LMI_X86) && defined(__linux__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define CLONES
#endif

/* The `most` smallest joint distances from sample i, ascending. Samples are taken by their
 * distance in x until that is the largest kept; at both ends of x stand infinite ones. `room` has
 * places for twice as many and 2 more, `width` of them a list; what is returned lies in it. */
static CLONES const double *flat_search(const double *xs, const double *ys, int64_t i,
                                        int64_t width, double *room) {
    const double x = xs[i], y = ys[i];
    int64_t left = i - STEP, right = i + 1;
    double *kept = room + 1, *other = kept + width + 1, bound = INFINITY;
    for (int64_t j = 0; j < width; j++) kept[j] = INFINITY;
    kept[-1] = other[-1] = -1;
    for (;;) {
        int goes_right = xs[right] - x < bound, goes_left = x - xs[left + STEP - 1] < bound;
        if (!goes_right && !goes_left) break;
        for (int side = 0; side < 2; side++) {
            if (!(side ? goes_left : goes_right)) continue;
            const double *there_x = xs + (side ? left : right);
            const double *there_y = ys + (side ? left : right);
            double gap[STEP];
            uint32_t near = 0;
            for (int j = 0; j < STEP; j++) {
                double gap_x = fabs(there_x[j] - x), gap_y = fabs(there_y[j] - y);
                gap[j] = gap_x > gap_y ? gap_x : gap_y;
            }
            for (int j = 0; j < STEP; j++) near |= (uint32_t)(gap[j] < bound) << j;
            if (side) left -= STEP;
            else right += STEP;
            for (; near; near &= near - 1) {
                double value = gap[LOWEST_BIT(near)];
                if (!(value < bound)) continue;
                for (int64_t j = 0; j < width; j++) { /* into its place, all others a place on */
                    double low = kept[j - 1] > value ? kept[j - 1] : value;
                    other[j] = low < kept[j] ? low : kept[j];
                }
                double *swap = kept;
                kept = other;
                other = swap;
                bound = kept[width - 1];
            }
        }
    }
    return kept;
}

/* Log of the mean of exp T over the values at evenly spaced places of a box's two sides. T is the
 * log density ratio of two standard normal variables of correlation rho. */
static double flat_inside(const flat_t *f, double rho, int64_t nodes, const int64_t *first,
                          const int64_t *size) {
    double q = 1 - rho * rho, top = -INFINITY, sum = 0, value[64], x[8], y[8];
    int64_t n_x = size[0] < nodes ? size[0] : nodes, n_y = size[1] < nodes ? size[1] : nodes;
    for (int64_t j = 0; j < n_x; j++) x[j] = f->x[first[0] + (2 * j + 1) * size[0] / (2 * n_x)];
    for (int64_t j = 0; j < n_y; j++)
        y[j] = f->ordered[first[1] + (2 * j + 1) * size[1] / (2 * n_y)];
    for (int64_t a = 0; a < n_x; a++)
        for (int64_t b = 0; b < n_y; b++) {
            double t = (rho * x[a] * y[b] - 0.5 * rho * rho * (x[a] * x[a] + y[b] * y[b])) / q;
            value[a * n_y + b] = t;
            top = t > top ? t : top;
        }
    for (int64_t j = 0; j < n_x * n_y; j++) sum += exp(value[j] - top);
    return top + log(sum / (double)(n_x * n_y)) - 0.5 * log(q);
}

/* KSG of two single features, for several k at once, each part of the samples by itself.
 * x: (n,) ascending; y: (n,) beside it; ordered: (n,) y ascending, place: (n,) of each y in it;
 * part: (n,) 0 ... n_parts - 1. k: (n_k,) ascending, fewer than a part has samples.
 * critic: (n_k,) whether the mean of the critic of correlation rho is
 * wanted, by `nodes` values a side. radius, n_x, n_y, inside: (n, n_k). */
API int32_t lmi_flat(int64_t n, const double *x, const double *y, const double *ordered,
                     const int32_t *place, const int32_t *part, int32_t n_parts, const int64_t *k,
                     int64_t n_k, double rho, const int8_t *critic, int64_t nodes,
                     double *radius, int64_t *n_x, int64_t *n_y, double *inside) {
    int64_t most = k[n_k - 1], room = n + 2 * STEP;
    double *values = malloc((size_t)(3 * room) * sizeof(double));
    int32_t *places = malloc((size_t)(4 * n) * sizeof(int32_t));
    double *lists = malloc((size_t)(2 * most + 2) * sizeof(double));
    int32_t failed = !values || !places || !lists || nodes > 8;
    double *own_x = values + STEP, *own_y = own_x + room, *own_ordered = own_y + room;
    int32_t *row = places, *own_place = row + n, *of_ordered = own_place + n;
    int32_t *local = of_ordered + n;
    for (int64_t i = 0; i < n && !failed; i++) of_ordered[place[i]] = (int32_t)i;
    for (int32_t p = 0; p < n_parts && !failed; p++) {
        int64_t size = 0, filled = 0;
        for (int64_t i = 0; i < n; i++)
            if (part[i] == p) {
                own_x[size] = x[i];
                own_y[size] = y[i];
                local[i] = (int32_t)size;
                row[size++] = (int32_t)i;
            }
        for (int64_t j = 0; j < n; j++)
            if (part[of_ordered[j]] == p) {
                own_ordered[filled] = ordered[j];
                own_place[local[of_ordered[j]]] = (int32_t)filled++;
            }
        for (int64_t j = 0; j < STEP; j++) {
            own_x[-1 - j] = -INFINITY;
            own_x[size + j] = INFINITY;
            own_y[-1 - j] = own_y[size + j] = 0;
        }
        flat_t f = {size, own_x, own_y, own_ordered, own_place};
        for (int64_t i = 0; i < size; i++) {
            int64_t at = (int64_t)row[i] * n_k;
            const double *kept = flat_search(own_x, own_y, i, most, lists);
            for (int64_t c = 0; c < n_k; c++) {
                int64_t first[2], last[2];
                double r = kept[k[c] - 1];
                flat_range(f.x, size, i, r, first, last);
                flat_range(f.ordered, size, own_place[i], r, first + 1, last + 1);
                int64_t sizes[2] = {last[0] - first[0] + 1, last[1] - first[1] + 1};
                radius[at + c] = r;
                n_x[at + c] = sizes[0] - 1;
                n_y[at + c] = sizes[1] - 1;
                if (critic[c]) inside[at + c] = flat_inside(&f, rho, nodes, first, sizes);
            }
        }
    }
    free(lists);
    free(values);
    free(places);
    return failed;
}

/* Of each sample, the others of its part within its radius whose own radius is `ratio` times smaller.
 * x: (n,) ascending; y, part, radius, smaller: (n,) beside it. */
API void lmi_flat_lonely(int64_t n, const double *x, const double *y, const int32_t *part,
                         const double *radius, double ratio, int64_t *smaller) {
    for (int64_t i = 0; i < n; i++) {
        smaller[i] = 0;
        for (int step = -1; step <= 1; step += 2)
            for (int64_t j = i + step; j >= 0 && j < n && fabs(x[j] - x[i]) <= radius[i]; j += step)
                smaller[i] += part[j] == part[i] && fabs(y[j] - y[i]) <= radius[i]
                              && ratio * radius[j] < radius[i];
    }
}

/* ---- many pairings of few samples ----------------------------------------------------------- */

/* All distances are kept, rounded to single precision. Rounding is monotone: what is smaller when
 * rounded is smaller, and only where two rounded values are equal must the exact ones be compared. */

/* gaps: (n, n), Chebyshev distances between the rows of (n, d), rounded. */
API CLONES int32_t lmi_gaps(const double *rows, int64_t n, int64_t d, float *gaps) {
    double *axes = malloc((size_t)n * (size_t)d * sizeof(double));
    double *largest = malloc((size_t)n * sizeof(double));
    int32_t failed = !axes || !largest;
    if (failed) n = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t a = 0; a < d; a++) axes[a * n + i] = rows[i * d + a];
    for (int64_t i = 0; i < n; i++) {
        float *out = gaps + i * n;
        for (int64_t j = 0; j < n; j++) largest[j] = fabs(axes[j] - axes[i]);
        for (int64_t a = 1; a < d; a++) {
            const double *axis = axes + a * n, here = axis[i];
            for (int64_t j = 0; j < n; j++) {
                double gap = fabs(axis[j] - here);
                largest[j] = gap > largest[j] ? gap : largest[j];
            }
        }
        for (int64_t j = 0; j < n; j++) out[j] = (float)largest[j];
    }
    free(axes);
    free(largest);
    return failed;
}

#define SHELLS 256 /* between the nearest and the mean distance: a list is in order up to a shell */
#define RUN 8      /* entries of a list that lie together */

/* A part of the list of the nearest of a row. */
typedef struct {
    float low;              /* no entry from here on is below, nor what the list leaves out */
    float value[RUN];       /* distances; infinite where the list is over */
    uint16_t index[RUN];    /* their rows; the row itself where the list is over */
} run_t;

API int64_t lmi_run_size(void) { return sizeof(run_t); }

/* Shell of each distance, SHELLS where it is as large as the mean; returns the smallest distance. */
static CLONES float in_shells(const float *gap, int64_t n, int64_t own, int32_t *shell) {
    float sums[16] = {0}, lows[16], sum = 0, least = INFINITY;
    for (int lane = 0; lane < 16; lane++) lows[lane] = INFINITY;
    int64_t j = 0;
    for (; j + 16 <= n; j += 16)
        for (int lane = 0; lane < 16; lane++) {
            float value = gap[j + lane];
            sums[lane] += value;
            value = j + lane == own ? INFINITY : value;
            lows[lane] = value < lows[lane] ? value : lows[lane];
        }
    for (; j < n; j++) {
        sum += gap[j];
        least = gap[j] < least && j != own ? gap[j] : least;
    }
    for (int lane = 0; lane < 16; lane++) {
        sum += sums[lane];
        least = lows[lane] < least ? lows[lane] : least;
    }
    float mean = sum / (float)n, scale = SHELLS / (mean - least);
    int known = mean > least && mean < INFINITY && scale < 1e30f; /* else all are left out */
    for (j = 0; j < n; j++) {
        float place = known ? (gap[j] - least) * scale : SHELLS;
        shell[j] = (int32_t)(place < SHELLS ? place : SHELLS);
    }
    shell[own] = SHELLS;
    return least;
}

/* The nearest of each row, nearer shells first: about `target`, at most `runs` * RUN of them.
 * gaps: (n, n); list: (n, runs + 1), the last of each row has no entries. */
API int32_t lmi_near(const float *gaps, int64_t n, int64_t target, int64_t runs, run_t *list) {
    int32_t *shell = malloc((size_t)(2 * n + 1) * sizeof(int32_t)), *inside = shell + n;
    if (!shell || n > UINT16_MAX + 1) {
        free(shell);
        return 1;
    }
    for (int64_t i = 0; i < n; i++) {
        const float *gap = gaps + i * n;
        run_t *own = list + i * (runs + 1);
        int64_t begin[SHELLS + 1] = {0}, size = 0, shells = 0, n_inside = 0;
        float left_out = in_shells(gap, n, i, shell);
        for (int64_t j = 0; j < n; j++) {
            inside[n_inside] = (int32_t)j;
            n_inside += shell[j] < SHELLS;
        }
        for (int64_t m = 0; m < n_inside; m++) begin[1 + shell[inside[m]]]++;
        while (shells < SHELLS && size < target && size + begin[shells + 1] <= runs * RUN)
            size += begin[++shells];
        if (shells) left_out = INFINITY; /* more than the least is known */
        for (int64_t c = 0; c < shells; c++) begin[c + 1] += begin[c];
        for (int64_t m = 0; m < n_inside; m++) {
            int32_t j = inside[m];
            if (shell[j] < shells) {
                int64_t at = begin[shell[j]]++;
                own[at / RUN].index[at % RUN] = (uint16_t)j;
                own[at / RUN].value[at % RUN] = gap[j];
            } else if (gap[j] < left_out) {
                left_out = gap[j];
            }
        }
        if (n_inside == size && size < n - 1) /* beyond the mean: in no shell */
            for (int64_t j = 0; j < n; j++)
                if (shell[j] == SHELLS && j != i && gap[j] < left_out) left_out = gap[j];
        for (int64_t at = size; at < runs * RUN; at++) {
            own[at / RUN].index[at % RUN] = (uint16_t)i;
            own[at / RUN].value[at % RUN] = INFINITY;
        }
        own[runs].low = left_out;
        for (int64_t run = runs; run-- > 0;) {
            float low = own[run + 1].low;
            for (int at = 0; at < RUN; at++)
                low = own[run].value[at] < low ? own[run].value[at] : low;
            own[run].low = low;
        }
    }
    free(shell);
    return 0;
}

/* How many of `size` values are below r, and equal to it. */
static CLONES void tally(const float *values, int64_t size, float r, int32_t *below,
                         int32_t *equal) {
    int32_t less = 0, same = 0;
    for (int64_t j = 0; j < size; j++) {
        less += values[j] < r;
        same += values[j] == r;
    }
    *below = less;
    *equal = same;
}

static inline float keep_nearest(float *kept, int64_t k, float gap) {
    int64_t j = k - 1;
    for (; j > 0 && kept[j - 1] > gap; j--) kept[j] = kept[j - 1];
    kept[j] = gap;
    return kept[k - 1];
}

typedef struct {
    int64_t n, dx, dy, k;
    const double *x, *y; /* (n, dx), (n, dy) */
} dense_t;

/* Others nearer than the k-th joint neighbour of row i of x with its partner, in exact distances. */
static void dense_exact(const dense_t *s, int64_t i, const uint16_t *pairing, double *kept,
                        int32_t *n_x, int32_t *n_y) {
    const double *x = s->x + i * s->dx, *y = s->y + (int64_t)pairing[i] * s->dy;
    for (int64_t j = 0; j < s->k; j++) kept[j] = INFINITY;
    for (int64_t j = 0; j < s->n; j++) {
        if (j == i) continue;
        double gap = distance(s->x + j * s->dx, x, s->dx, kept[0]);
        double other = distance(s->y + (int64_t)pairing[j] * s->dy, y, s->dy, kept[0]);
        gap = gap > other ? gap : other;
        if (gap < kept[0]) heap_replace_top(kept, s->k, gap);
    }
    *n_x = *n_y = 0;
    for (int64_t j = 0; j < s->n; j++) {
        *n_x += j != i && distance(s->x + j * s->dx, x, s->dx, kept[0]) < kept[0];
        *n_y += j != pairing[i] && distance(s->y + j * s->dy, y, s->dy, kept[0]) < kept[0];
    }
}

/* As lmi_null_pass and lmi_null_count together, for the partners start..stop of rows of x.
 * list: of lmi_near, for x; pairings, inverse: (n_pairings, n). n_x: (n, n_pairings), by rows of
 * x; n_y: the same, by rows of y. */
API int32_t lmi_null_dense(int64_t n, const double *x, int64_t dx, const double *y, int64_t dy,
                           const float *gaps_x, const float *gaps_y, const run_t *list,
                           int64_t runs, const uint16_t *pairings, const uint16_t *inverse,
                           int64_t n_pairings, int64_t k, int64_t start, int64_t stop,
                           int32_t *n_x, int32_t *n_y) {
    const dense_t s = {n, dx, dy, k, x, y};
    double *exact = malloc((size_t)k * sizeof(double));
    float *kept = malloc((size_t)k * sizeof(float));
    int32_t failed = !exact || !kept;
    for (int64_t partner = start; partner < stop && !failed; partner++) {
        const float *gap_y = gaps_y + partner * n;
        for (int64_t b = 0; b < n_pairings; b++) {
            const uint16_t *pairing = pairings + b * n;
            int64_t i = inverse[b * n + partner], run = 0;
            const run_t *own = list + i * (runs + 1);
            float bound = INFINITY;
            int32_t below[2] = {0}, equal[2] = {0};
            for (int64_t j = 0; j < k; j++) kept[j] = INFINITY;
            for (; run < runs && own[run].low <= bound; run++)
                for (int at = 0; at < RUN; at++) {
                    float gap = gap_y[pairing[own[run].index[at]]];
                    gap = gap > own[run].value[at] ? gap : own[run].value[at];
                    if (gap < bound) bound = keep_nearest(kept, k, gap);
                }
            if (run == runs && own[runs].low <= bound) { /* the list is too short */
                const float *gap_x = gaps_x + i * n;
                bound = INFINITY;
                for (int64_t j = 0; j < k; j++) kept[j] = INFINITY;
                for (int64_t j = 0; j < n; j++) {
                    float gap = gap_y[pairing[j]];
                    gap = gap > gap_x[j] ? gap : gap_x[j];
                    if (gap < bound && j != i) bound = keep_nearest(kept, k, gap);
                }
                tally(gap_x, n, bound, below, equal);
                below[0] -= 1; /* the row itself; where it is not below, all is compared exactly */
            } else {
                for (int64_t r = 0; r < run; r++)
                    for (int at = 0; at < RUN; at++) {
                        below[0] += own[r].value[at] < bound;
                        equal[0] += own[r].value[at] == bound;
                    }
            }
            tally(gap_y, n, bound, below + 1, equal + 1);
            below[1] -= 1;
            /* the k-th neighbour itself is equal on one side, and nothing else is */
            if (equal[0] + equal[1] != 1 || !(bound < INFINITY))
                dense_exact(&s, i, pairing, exact, below, below + 1);
            n_x[i * n_pairings + b] = below[0];
            n_y[partner * n_pairings + b] = below[1];
        }
    }
    free(exact);
    free(kept);
    return failed;
}

/* The library is loaded with ctypes; some linkers insist on a module's entry point. */
API void *PyInit__ksg(void) { return NULL; }

#else /* LMI_VARIANT: everything below is compiled once for each precision and instruction set */

/* V: W lanes. V_LT gives one bit a lane. */
#if LMI_AVX512 && IS_FLOAT
#define V __m512
#define W 16
#define V_LOAD(p) _mm512_load_ps(p)
#define V_SET(x) _mm512_set1_ps(x)
#define V_SUB(a, b) _mm512_sub_ps(a, b)
#define V_ABS(a) _mm512_abs_ps(a)
#define V_MAX(a, b) _mm512_max_ps(a, b)
#define V_LT(a, b) ((uint32_t)_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ))
#elif LMI_AVX512
#define V __m512d
#define W 8
#define V_LOAD(p) _mm512_load_pd(p)
#define V_SET(x) _mm512_set1_pd(x)
#define V_SUB(a, b) _mm512_sub_pd(a, b)
#define V_ABS(a) _mm512_abs_pd(a)
#define V_MAX(a, b) _mm512_max_pd(a, b)
#define V_LT(a, b) ((uint32_t)_mm512_cmp_pd_mask(a, b, _CMP_LT_OQ))
#elif LMI_X86
#if LMI_AVX2 && IS_FLOAT
#define V __m256
#define W 8
#define V_LOAD(p) _mm256_load_ps(p)
#define V_SET(x) _mm256_set1_ps(x)
#define V_SUB(a, b) _mm256_sub_ps(a, b)
#define V_ABS(a) _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a)
#define V_MAX(a, b) _mm256_max_ps(a, b)
#define V_LT(a, b) ((uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_LT_OQ)))
#elif LMI_AVX2
#define V __m256d
#define W 4
#define V_LOAD(p) _mm256_load_pd(p)
#define V_SET(x) _mm256_set1_pd(x)
#define V_SUB(a, b) _mm256_sub_pd(a, b)
#define V_ABS(a) _mm256_andnot_pd(_mm256_set1_pd(-0.0), a)
#define V_MAX(a, b) _mm256_max_pd(a, b)
#define V_LT(a, b) ((uint32_t)_mm256_movemask_pd(_mm256_cmp_pd(a, b, _CMP_LT_OQ)))
#elif IS_FLOAT
#define V __m128
#define W 4
#define V_LOAD(p) _mm_load_ps(p)
#define V_SET(x) _mm_set1_ps(x)
#define V_SUB(a, b) _mm_sub_ps(a, b)
#define V_ABS(a) _mm_andnot_ps(_mm_set1_ps(-0.0f), a)
#define V_MAX(a, b) _mm_max_ps(a, b)
#define V_LT(a, b) ((uint32_t)_mm_movemask_ps(_mm_cmplt_ps(a, b)))
#else
#define V __m128d
#define W 2
#define V_LOAD(p) _mm_load_pd(p)
#define V_SET(x) _mm_set1_pd(x)
#define V_SUB(a, b) _mm_sub_pd(a, b)
#define V_ABS(a) _mm_andnot_pd(_mm_set1_pd(-0.0), a)
#define V_MAX(a, b) _mm_max_pd(a, b)
#define V_LT(a, b) ((uint32_t)_mm_movemask_pd(_mm_cmplt_pd(a, b)))
#endif
#else
#define V REAL
#define W 1
#define V_LOAD(p) (*(p))
#define V_SET(x) (x)
#define V_SUB(a, b) ((a) - (b))
#define V_ABS(a) ((REAL)fabs(a))
#define V_MAX(a, b) ((a) > (b) ? (a) : (b))
#define V_LT(a, b) ((uint32_t)((a) < (b)))
#endif

/* All of eight floats at p and at q nearer than r. */
#if LMI_AVX512 || LMI_AVX2
#define NEAR8(p, q, r)                                                                       \
    (_mm256_movemask_ps(_mm256_cmp_ps(                                                       \
         _mm256_andnot_ps(_mm256_set1_ps(-0.0f),                                             \
                          _mm256_sub_ps(_mm256_loadu_ps(p), _mm256_loadu_ps(q))),            \
         _mm256_set1_ps(r), _CMP_LT_OQ)) == 255)
#elif LMI_X86
#define GAP4(p, q)                                                                           \
    _mm_andnot_ps(_mm_set1_ps(-0.0f), _mm_sub_ps(_mm_loadu_ps(p), _mm_loadu_ps(q)))
#define NEAR8(p, q, r)                                                                       \
    (_mm_movemask_ps(_mm_cmplt_ps(_mm_max_ps(GAP4(p, q), GAP4((p) + 4, (q) + 4)),            \
                                  _mm_set1_ps(r))) == 15)
#else
#define NEAR8(p, q, r) near_scalar(p, q, r)
#endif

#define ACC (LEAF / W < 4 ? LEAF / W : 4) /* accumulators: lanes in flight are ACC * W */

/* The radius in the leaves' precision: below `low` is surely inside, from `high` on outside. No
 * two points are a radius apart on axes but the first d: the others need not be looked at. */
typedef struct {
    REAL low, high;
    int32_t d;
} NAME(range_t);

static inline ATTR NAME(range_t) NAME(range)(const tree_t *t, double r) {
    NAME(range_t) range;
#if IS_FLOAT
    range.low = r > t->margin ? float_below(r - t->margin) : 0;
    range.high = float_above(r + t->margin);
#else
    range.low = range.high = r;
#endif
    range.d = 1;
    while (range.d < t->d && t->extent[range.d] >= r) range.d++;
    return range;
}

static inline ATTR void NAME(query)(const tree_t *t, int64_t position, REAL *q) {
    const double *row = t->rows + position * t->d;
    for (int32_t a = 0; a < t->d; a++) q[a] = (REAL)(row[a] - t->centre[a]);
}

/* Lanes of a leaf with distance < range.high; *sure: those with distance < range.low. */
static inline ATTR uint32_t NAME(scan)(const REAL *leaf, const REAL *q, NAME(range_t) range,
                                       uint32_t *sure) {
    uint32_t touched = 0, inside = 0;
    V high = V_SET(range.high), low = V_SET(range.low);
    for (int block = 0; block < LEAF; block += ACC * W) {
        V m[ACC];
        uint32_t any = 1;
        const REAL *p = leaf + block;
        V first = V_SET(q[0]);
        for (int v = 0; v < ACC; v++) m[v] = V_ABS(V_SUB(V_LOAD(p + v * W), first));
        for (int32_t a = 1; a < range.d && any;) {
            int32_t end = a + 3 < range.d ? a + 3 : range.d;
            for (; a < end; a++) {
                V coordinate = V_SET(q[a]);
                const REAL *at = p + (int64_t)a * LEAF;
                for (int v = 0; v < ACC; v++)
                    m[v] = V_MAX(m[v], V_ABS(V_SUB(V_LOAD(at + v * W), coordinate)));
            }
            any = 0;
            for (int v = 0; v < ACC; v++) any |= V_LT(m[v], high);
        }
        if (!any) continue;
        for (int v = 0; v < ACC; v++) {
            touched |= V_LT(m[v], high) << (block + v * W);
            inside |= V_LT(m[v], low) << (block + v * W);
        }
    }
    *sure = inside;
    return touched;
}

/* Boxes of a group nearer than range.high. */
static inline ATTR uint32_t NAME(near_boxes)(const REAL *box, const REAL *q,
                                             NAME(range_t) range) {
    uint32_t touched = 0;
    V high = V_SET(range.high);
    for (int block = 0; block < FAN; block += W) {
        V near = V_SET((REAL)-INFINITY);
        const REAL *at = box + block;
        for (int32_t a = 0; a < range.d; a++, at += 2 * FAN) {
            V coordinate = V_SET(q[a]);
            near = V_MAX(near, V_SUB(V_LOAD(at), coordinate));
            near = V_MAX(near, V_SUB(coordinate, V_LOAD(at + FAN)));
        }
        touched |= V_LT(near, high) << block;
    }
    return touched;
}

/* Boxes of a group that the ball touches; *whole: those that lie inside of it. */
static inline ATTR uint32_t NAME(sort_boxes)(const REAL *box, const REAL *q,
                                             NAME(range_t) range, uint32_t *whole) {
    uint32_t touched = 0, inside = 0;
    V high = V_SET(range.high), low = V_SET(range.low);
    for (int block = 0; block < FAN; block += W) {
        V near = V_SET((REAL)-INFINITY), far = near;
        const REAL *at = box + block;
        for (int32_t a = 0; a < range.d; a++, at += 2 * FAN) {
            V coordinate = V_SET(q[a]);
            V below = V_SUB(V_LOAD(at), coordinate), above = V_SUB(V_LOAD(at + FAN), coordinate);
            V zero = V_SET((REAL)0);
            near = V_MAX(near, V_MAX(below, V_SUB(zero, above)));
            far = V_MAX(far, V_MAX(above, V_SUB(zero, below)));
        }
        touched |= V_LT(near, high) << block;
        inside |= V_LT(far, low) << block;
    }
    *whole = inside & touched;
    return touched & ~inside;
}

typedef struct {
    const tree_t *t;
    const double *row;
    REAL *q;
    double *heap;
    int64_t size;
    double bound;        /* nothing at or beyond it can be among the nearest */
    NAME(range_t) range;
    apart_t apart;
    int64_t position;    /* the query's place in the tree */
} NAME(search_t);

static inline ATTR void NAME(visit_leaf)(NAME(search_t) *s, int64_t leaf) {
    const tree_t *t = s->t;
    uint32_t sure, lanes = NAME(scan)((const REAL *)t->points + leaf * t->d * LEAF, s->q,
                                      s->range, &sure);
    double before = s->bound;
    for (; lanes; lanes &= lanes - 1) {
        int64_t p = leaf * LEAF + LOWEST_BIT(lanes);
        if (s->apart.time && strangers(s->apart, p, s->position)) continue;
        double gap = distance_from(t, p, s->row, s->bound);
        if (gap < s->bound) {
            heap_replace_top(s->heap, s->size, gap);
            if (s->heap[0] < s->bound) s->bound = s->heap[0];
        }
    }
    if (s->bound < before) s->range = NAME(range)(t, s->bound);
}

/* Everything below child `child` of level `level`. */
static inline ATTR void NAME(visit_below)(NAME(search_t) *s, int32_t level, int64_t child) {
    const tree_t *t = s->t;
    int64_t stack[MAX_LEVELS * FAN];
    int8_t depth[MAX_LEVELS * FAN];
    int top = 0;
    stack[0] = child;
    depth[0] = (int8_t)(level - 1);
    for (top = 1; top > 0;) {
        int64_t group = stack[--top];
        int32_t at = depth[top];
        const REAL *box = (const REAL *)t->box[at] + group * t->d * 2 * FAN;
        uint32_t mask = NAME(near_boxes)(box, s->q, s->range);
        for (; mask; mask &= mask - 1) {
            int64_t next = group * FAN + LOWEST_BIT(mask);
            if (at == 0) {
                NAME(visit_leaf)(s, next);
            } else {
                stack[top] = next;
                depth[top++] = (int8_t)(at - 1);
            }
        }
    }
}

/* The k + 1 smallest distances below `bound` into the heap, from near to far in the tree. */
static inline ATTR void NAME(search)(NAME(search_t) *s, int64_t leaf, double bound) {
    const tree_t *t = s->t;
    for (int64_t j = 0; j < s->size; j++) s->heap[j] = INFINITY;
    s->bound = bound;
    s->range = NAME(range)(t, bound);
    NAME(visit_leaf)(s, leaf);
    int64_t child = leaf;
    for (int32_t level = 0; level < t->levels; level++) {
        int64_t group = child / FAN;
        const REAL *box = (const REAL *)t->box[level] + group * t->d * 2 * FAN;
        uint32_t mask = NAME(near_boxes)(box, s->q, s->range);
        mask &= ~(1u << (child % FAN));
        for (; mask; mask &= mask - 1) {
            int64_t next = group * FAN + LOWEST_BIT(mask);
            if (level == 0) NAME(visit_leaf)(s, next);
            else NAME(visit_below)(s, level, next);
        }
        child = group;
    }
}

static ATTR int32_t NAME(knn)(const tree_t *t, const int64_t *k, int64_t n_k, apart_t apart,
                              int64_t start, int64_t stop, double *radius) {
    int64_t own = apart.time ? 0 : 1; /* the point itself is one of the nearest */
    int64_t most = k[n_k - 1] + own;
    NAME(search_t) s = {t, NULL, NULL, NULL, most, INFINITY, {0, 0, 0}, apart, 0};
    s.q = malloc((size_t)t->d * sizeof(REAL));
    s.heap = malloc((size_t)most * sizeof(double));
    double previous = INFINITY;
    if (!s.q || !s.heap) {
        free(s.q);
        free(s.heap);
        return 1;
    }
    for (int64_t p = start; p < stop; p++) {
        double bound = INFINITY;
        s.row = t->rows + p * t->d;
        s.position = p;
        NAME(query)(t, p, s.q);
        if (own && previous < INFINITY) /* the ball of the last query holds k + 1 points */
            bound = (previous + distance(s.row, s.row - t->d, t->d, INFINITY))
                    * (1 + 8 * DBL_EPSILON) + DBL_MIN;
        double hope = GUESS * previous; /* radii of neighbours are alike: mostly enough */
        NAME(search)(&s, p / LEAF, hope < bound ? hope : bound);
        if (s.heap[0] == INFINITY) NAME(search)(&s, p / LEAF, bound);
        previous = s.heap[0];
        int64_t size = most;
        for (int64_t j = n_k; j-- > 0;) {
            for (; size > k[j] + own; size--)
                heap_replace_top(s.heap, size - 1, s.heap[size - 1]);
            radius[t->index[p] * n_k + j] = s.heap[0];
        }
    }
    free(s.q);
    free(s.heap);
    return 0;
}

/* Number of points with distance < r from the point at a tree position; out, if not NULL,
 * receives their tree positions. */
static inline ATTR int64_t NAME(inside)(const tree_t *t, int64_t position, const REAL *q,
                                        double r, int32_t *out) {
    const double *row = t->rows + position * t->d;
    NAME(range_t) range = NAME(range)(t, r);
    int64_t count = 0, stack[MAX_LEVELS * FAN];
    int8_t depth[MAX_LEVELS * FAN];
    int top = 1;
    if (!(r > 0)) return 0;
    stack[0] = 0;
    depth[0] = (int8_t)(t->levels - 1);
    while (top > 0) {
        int64_t group = stack[--top];
        int32_t at = depth[top];
        const REAL *box = (const REAL *)t->box[at] + group * t->d * 2 * FAN;
        uint32_t whole, touched = NAME(sort_boxes)(box, q, range, &whole);
        for (; whole; whole &= whole - 1) {
            int64_t size = (int64_t)LEAF << (FAN_BITS * at);
            int64_t begin = (group * FAN + LOWEST_BIT(whole)) * size;
            int64_t end = begin + size < t->n ? begin + size : t->n;
            if (out)
                for (int64_t p = begin; p < end; p++) out[count + p - begin] = (int32_t)p;
            count += end - begin;
        }
        for (; touched; touched &= touched - 1) {
            int64_t next = group * FAN + LOWEST_BIT(touched);
            if (at > 0) {
                stack[top] = next;
                depth[top++] = (int8_t)(at - 1);
                continue;
            }
            uint32_t sure, lanes = NAME(scan)((const REAL *)t->points + next * t->d * LEAF, q,
                                              range, &sure);
            for (uint32_t open = lanes & ~sure; open; open &= open - 1) {
                int64_t p = next * LEAF + LOWEST_BIT(open);
                if (distance_from(t, p, row, r) < r) sure |= open & (0u - open);
            }
            if (out)
                for (uint32_t bits = sure; bits; bits &= bits - 1)
                    out[count++] = (int32_t)(next * LEAF + LOWEST_BIT(bits));
            else
                count += POPCOUNT(sure);
        }
    }
    return count;
}

static ATTR int32_t NAME(count)(const tree_t *t, const double *radius, int64_t start,
                                int64_t stop, int64_t *count) {
    REAL *q = malloc((size_t)t->d * sizeof(REAL));
    if (!q) return 1;
    for (int64_t p = start; p < stop; p++) {
        NAME(query)(t, p, q);
        count[t->index[p]] = NAME(inside)(t, p, q, radius[t->index[p]], NULL);
    }
    free(q);
    return 0;
}

#if IS_FLOAT && !defined(LMI_ONCE)
#define LMI_ONCE
typedef struct { uint64_t key; int32_t index; } keyed_t;

/* A bijection of 64-bit words (the finaliser of splitmix64): distinct pairs, distinct keys. */
static inline uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}
#endif

/* Sort by key, to `out`: keys are spread evenly up to `limit`, one bucket for each of them. */
static inline void NAME(sort_keys)(const keyed_t *in, int64_t size, uint64_t limit, int32_t *first,
                                   keyed_t *out) {
    double scale = (double)size / ((double)limit + 1);
    memset(first, 0, (size_t)(size + 1) * sizeof(int32_t));
    for (int64_t j = 0; j < size; j++) first[(int64_t)((double)in[j].key * scale)]++;
    for (int64_t b = 0, begin = 0; b <= size; b++) {
        int32_t count = first[b];
        first[b] = (int32_t)begin;
        begin += count;
    }
    for (int64_t j = 0; j < size; j++) out[first[(int64_t)((double)in[j].key * scale)]++] = in[j];
    for (int64_t j = 1; j < size; j++) { /* keys of one bucket */
        keyed_t item = out[j];
        int64_t hole = j;
        for (; hole > 0 && out[hole - 1].key > item.key; hole--) out[hole] = out[hole - 1];
        out[hole] = item;
    }
}

/* The m candidates with the smallest keys: a uniform sample that depends on no order. */
static ATTR int32_t NAME(sample)(const tree_t *t, const double *radius, int64_t m, uint64_t seed,
                                 apart_t apart, int64_t start, int64_t stop, int32_t *chosen,
                                 int64_t *count) {
    REAL *q = malloc((size_t)t->d * sizeof(REAL));
    int32_t *found = malloc((size_t)t->n * sizeof(int32_t));
    int32_t *first = malloc((size_t)(t->n + 1) * sizeof(int32_t));
    keyed_t *small = malloc((size_t)t->n * sizeof(keyed_t));
    keyed_t *sorted = malloc((size_t)t->n * sizeof(keyed_t));
    int32_t failed = !q || !found || !first || !small || !sorted;
    for (int64_t p = start; p < stop && !failed; p++) {
        int64_t row = t->index[p];
        NAME(query)(t, p, q);
        int64_t n_found = NAME(inside)(t, p, q, radius[row], found), size = 0;
        if (apart.time && n_found) {
            int64_t n_all = n_found;
            n_found = 0;
            for (int64_t j = 0; j < n_all; j++)
                if (found[j] == p || !strangers(apart, found[j], p)) found[n_found++] = found[j];
        }
        if (n_found == 0) found[n_found++] = (int32_t)p;
        int64_t wanted = m < n_found ? m : n_found;
        /* so many keys are sure to be below a limit, but for four standard deviations */
        double share = (wanted + 4 * sqrt((double)wanted) + 4) / (double)n_found;
        uint64_t limit = share < 0.99 ? (uint64_t)(share * 0x1p64) : UINT64_MAX;
        for (;; limit = UINT64_MAX) {
            size = 0;
            for (int64_t j = 0; j < n_found; j++) {
                int32_t index = t->index[found[j]];
                uint64_t key = mixed(mixed(seed) + (((uint64_t)row << 32) | (uint32_t)index));
                small[size].key = key;
                small[size].index = index;
                size += key <= limit;
            }
            if (size >= wanted) break;
        }
        NAME(sort_keys)(small, size, limit, first, sorted);
        count[row] = n_found;
        int32_t *out = chosen + row * m;
        for (int64_t j = 0; j < wanted; j++) out[j] = sorted[j].index;
        for (int64_t j = wanted; j < m; j++) out[j] = out[j - wanted];
    }
    free(q);
    free(found);
    free(first);
    free(small);
    free(sorted);
    return failed;
}

/* List the points nearer than r, bucket after bucket of ascending distance. */
static inline ATTR void NAME(fill_list)(const tree_t *t, int64_t p, const REAL *q, double r,
                                        list_t *list) {
    const double *row = t->rows + p * t->d;
    int64_t size = NAME(inside)(t, p, q, r, list->found), next[BUCKETS + 1] = {0};
    double farthest = 0;
    for (int64_t j = 0; j < size; j++) {
        const double *there = t->rows + (int64_t)list->found[j] * t->d;
        double largest = 0;
        for (int32_t a = 0; a < t->d; a++) {
            double gap = fabs(there[a] - row[a]);
            largest = gap > largest ? gap : largest;
        }
        list->work[j] = largest;
        farthest = largest > farthest ? largest : farthest;
    }
    list->size = size;
    list->reach = size == t->n ? INFINITY : r;
    list->step = farthest / (BUCKETS - 1);
    double scale = farthest > 0 ? (BUCKETS - 1) / farthest : 0;
    if (!(scale < INFINITY)) scale = 0;
    for (int64_t j = 0; j < size; j++) next[1 + (int)(list->work[j] * scale)]++;
    for (int c = 0; c < BUCKETS; c++) next[c + 1] += next[c];
    memcpy(list->first, next, sizeof next);
    for (int64_t j = 0; j < size; j++) {
        int64_t at = next[(int)(list->work[j] * scale)]++;
        list->value[at] = list->work[j];
        list->index[at] = list->found[j];
    }
    if (!(scale > 0)) list->step = 0; /* one bucket, never cut short */
}

/* A list of about `target` points, more or less: the radius is a guess that is mended. */
static inline ATTR void NAME(start_list)(const tree_t *t, int64_t p, const REAL *q, double guess,
                                         int64_t target, list_t *list) {
    double reach = guess > 0 ? guess : DBL_MIN;
    NAME(fill_list)(t, p, q, reach, list);
    for (int attempt = 0; attempt < 8 && 2 * list->size < target; attempt++) {
        reach *= 1.25;
        NAME(fill_list)(t, p, q, reach, list);
    }
    if (list->size <= 2 * target) return;
    int c = 1; /* cut at the end of a bucket; what is left lies below the smallest value cut off */
    while (list->first[c] < target) c++;
    if (list->first[c] == list->size) return;
    double nearest = INFINITY;
    for (int64_t j = list->first[c]; j < list->size; j++)
        nearest = list->value[j] < nearest ? list->value[j] : nearest;
    list->size = list->first[c];
    list->reach = nearest;
    for (; c < BUCKETS; c++) list->first[c + 1] = list->size;
}

static inline ATTR int64_t NAME(count_below)(const double *value, int64_t size, double r) {
    int64_t count = 0;
    for (int64_t j = 0; j < size; j++) count += value[j] < r;
    return count;
}

/* The k-th smallest joint distance of a point for one pairing, infinite where it is not below
 * the reach of the list; *below: x-distances less than that. */
static inline ATTR double NAME(walk)(const list_t *list, int32_t self, const partner_t *partner,
                                     int32_t width, const int32_t *pairing, double *heap,
                                     int64_t k, int32_t *below) {
    const double *exact = partner->rows + (int64_t)pairing[self] * partner->d;
    const float *here = partner->rounded + (int64_t)pairing[self] * width;
    double bound = list->reach;
    float high = float_above(bound + partner->margin);
    int64_t step = 0;
    for (int64_t j = 0; j < k; j++) heap[j] = INFINITY;
    for (int c = 0; c < BUCKETS && step < list->size; c++) {
        if (c * list->step * (1 - 1e-9) >= bound) break;
        for (; step < list->first[c + 1]; step++) {
            int64_t row = pairing[list->index[step]];
            const float *there = partner->rounded + row * width;
            int near = 1;
            for (int32_t a = 0; a < width && near; a += 8) near = NEAR8(there + a, here + a, high);
            if (!near || list->index[step] == self) continue;
            double gap = distance(partner->rows + row * partner->d, exact, partner->d, bound);
            gap = gap > list->value[step] ? gap : list->value[step];
            if (gap >= bound) continue;
            heap_replace_top(heap, k, gap);
            if (heap[0] < bound) {
                bound = heap[0];
                high = float_above(bound + partner->margin);
            }
        }
    }
    *below = heap[0] < INFINITY ? (int32_t)NAME(count_below)(list->value, step, bound) : -1;
    return heap[0];
}

/* One side, call it x, of the k-th nearest joint neighbours for many pairings of x and a partner.
 * The x-neighbours of a point do not depend on the pairing: the nearest are listed once, ordered
 * by distance, and walked for each pairing until the distance in x alone reaches the k-th
 * smallest joint distance. A walk is over after n_x steps; n_x n_y is about k n, so that one of
 * the two sides is over soon: what remains open here is left to the walk on the other side.
 * pairings: (n_pairings, n), the partner's row at a tree position; guess: (n,) radii of lists
 * that hold about `target` points. radius: (n, n_pairings), NaN where open; count: points with
 * x-distance < radius, itself included, set wherever the radius is known. */
static ATTR int32_t NAME(null_pass)(const tree_t *t, const partner_t *partner,
                                    const int32_t *pairings, int64_t n_pairings, int64_t k,
                                    int64_t target, const double *guess, int32_t last,
                                    int64_t start, int64_t stop, double *radius, int32_t *count) {
    REAL *q = malloc((size_t)t->d * sizeof(REAL));
    double *heap = malloc((size_t)k * sizeof(double));
    list_t list;
    int32_t failed = !list_allocate(&list, t->n) || !q || !heap;
    for (int64_t p = start; p < stop && !failed; p++) {
        int64_t row = t->index[p];
        NAME(query)(t, p, q);
        NAME(start_list)(t, p, q, guess[row], target, &list);
        for (int64_t b = 0; b < n_pairings; b++) {
            const int32_t *pairing = pairings + b * t->n;
            double *r = radius + row * n_pairings + b;
            int32_t *below = count + row * n_pairings + b;
            if (!isnan(*r)) {
                *below = (int32_t)(*r <= list.reach ? NAME(count_below)(list.value, list.size, *r)
                                                    : NAME(inside)(t, p, q, *r, NULL));
                continue;
            }
            for (int attempt = 0;; attempt++) {
                if (partner->width == 8)
                    *r = NAME(walk)(&list, (int32_t)p, partner, 8, pairing, heap, k, below);
                else
                    *r = NAME(walk)(&list, (int32_t)p, partner, partner->width, pairing, heap, k,
                                    below);
                if (*r < INFINITY) break;
                if (!last) {
                    *r = NAN;
                    break;
                }
                NAME(fill_list)(t, p, q, attempt < 12 ? 1.5 * list.reach : INFINITY, &list);
            }
        }
    }
    free(q);
    free(heap);
    list_free(&list);
    return failed;
}

static ATTR int32_t NAME(null_count)(const tree_t *t, const double *radius, int64_t n_pairings,
                                     int64_t start, int64_t stop, int32_t *count) {
    REAL *q = malloc((size_t)t->d * sizeof(REAL));
    if (!q) return 1;
    for (int64_t p = start; p < stop; p++) {
        int64_t at = t->index[p] * n_pairings;
        NAME(query)(t, p, q);
        for (int64_t b = 0; b < n_pairings; b++)
            if (count[at + b] < 0)
                count[at + b] = (int32_t)NAME(inside)(t, p, q, radius[at + b], NULL);
    }
    free(q);
    return 0;
}

#undef V
#undef W
#undef V_LOAD
#undef V_SET
#undef V_SUB
#undef V_ABS
#undef V_MAX
#undef V_LT
#undef ACC
#undef NEAR8
#undef GAP4
#endif
